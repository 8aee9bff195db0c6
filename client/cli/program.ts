import { Command } from 'commander';
import type { Run } from './called.ts';
import { COMMANDS } from './command-list.ts';

const JSON_OPTION = ['--json', 'one JSON document on standard output'] as const;

/** The commander program. `carryOut` is called with the function of the command and its arguments. */
export function programOf(carryOut: (run: Run, called: Parameters<Run>[0]) => Promise<void>): Command {
  const program = new Command('gatehouse')
    .description('Takes code changes through agents, people, CI and merge: durably, on Temporal.')
    .option(...JSON_OPTION)
    .option('-V, --version', 'the version, and the commit if it is known')
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) });
  for (const { usage, description, options = [], load } of COMMANDS) {
    const command = program.command(usage).description(description);
    for (const option of options) command.addOption(option);
    command
      .exitOverride()
      .option(...JSON_OPTION)
      .allowExcessArguments(false)
      .action(async () => {
        const json = command.optsWithGlobals()['json'] === true;
        const own = Object.entries(command.opts()).filter(([name]) => name !== 'json');
        await carryOut(await load(), { args: command.processedArgs, options: Object.fromEntries(own), json, command });
      });
  }
  return program;
}
