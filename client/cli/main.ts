import { CommanderError } from 'commander';
import { EXIT } from './exit-codes.ts';
import { programOf } from './program.ts';
import { wordsAsTyped } from './words-as-typed.ts';

/** Runs the command line and returns its exit code. Never throws. Loads only what the command needs. */
export async function main(argv: string[]): Promise<number> {
  const [node = '', script = '', ...words] = argv;
  let code: number = EXIT.done;
  try {
    const program = programOf(async (run, called) => {
      code = (await run(called)) ?? EXIT.done;
    });
    program.on('option:version', () => {
      throw new VersionAsked();
    });
    await program.parseAsync([node, script, ...wordsAsTyped(program, words)]);
    return code;
  } catch (failure) {
    if (failure instanceof VersionAsked) return printVersion();
    if (failure instanceof CommanderError) return failure.exitCode === 0 ? EXIT.done : usage(words, failure);
    const { exitCodeOf, printFailure } = await import('./failures.ts');
    printFailure(words.includes('--json'), failure);
    return exitCodeOf(failure);
  }
}

class VersionAsked extends Error {}

async function printVersion(): Promise<number> {
  const { versionText } = await import('./version.ts');
  process.stdout.write(`${versionText()}\n`);
  return EXIT.done;
}

/** Commander has already printed the error for people. With --json, this prints it for programs. */
function usage(words: string[], { message, code }: CommanderError): number {
  if (words.includes('--json') && code !== 'commander.help') {
    process.stdout.write(`${JSON.stringify({ error: { code: 'usage', message } })}\n`);
  }
  return EXIT.usage;
}
