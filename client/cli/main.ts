import { Command, CommanderError } from 'commander';
import { addActions } from './actions.ts';
import { addCodec } from './codec.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { addHistory } from './history.ts';
import { printFailure } from './output.ts';
import { addPipelines } from './pipelines.ts';
import { addReading } from './reading.ts';
import { addSimulate } from './simulate.ts';
import { addStart } from './start.ts';
import { addUp } from './up.ts';
import { addUpgrade } from './upgrade.ts';
import { addWatch } from './watch.ts';
import { wordsAsTyped } from './words-as-typed.ts';

/** Notes how a command ended. One that says nothing has done what it was asked. */
export type Ended = (code: number) => void;

/** The command line. Answers the exit code; never throws. */
export async function main(argv: string[]): Promise<number> {
  let code: number = EXIT.done;
  const ended: Ended = (each) => void (code = each);
  const program = new Command('gatehouse')
    .description('Takes code changes through agents, people, CI and merge: durably, on Temporal.')
    .option('--json', 'one JSON document on standard output')
    .showHelpAfterError()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text) });
  for (const add of [
    addUp,
    addDemo,
    addStart,
    addReading,
    addWatch,
    addActions,
    addDoctor,
    addUpgrade,
    addHistory,
    addCodec,
    addSimulate,
    addPipelines,
  ])
    add(program, ended);
  for (const command of program.commands) {
    command.exitOverride().option('--json', 'one JSON document on standard output').allowExcessArguments(false);
  }
  try {
    const [node = '', script = '', ...words] = argv;
    await program.parseAsync([node, script, ...wordsAsTyped(program, words)]);
    return code;
  } catch (failure) {
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? EXIT.done : usage(argv, failure);
    printFailure(argv.includes('--json'), failure);
    return exitCodeOf(failure);
  }
}

/** Commander has told people already; a program is told as data. */
function usage(argv: string[], { message, code }: CommanderError): number {
  if (argv.includes('--json') && code !== 'commander.help') {
    process.stdout.write(`${JSON.stringify({ error: { code: 'usage', message } })}\n`);
  }
  return EXIT.usage;
}
