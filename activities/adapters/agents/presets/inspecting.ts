import { tmpdir } from 'node:os';
import { runProgram, type ProgramEnd } from '../../processes/program.ts';

/** Agents take seconds to start on a busy machine, in milliseconds. */
const LIMIT_MS = 30_000;

/** Runs a program for what it says of itself. Undefined if it is not on `PATH` or does not answer. */
export async function inspected(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ProgramEnd | undefined> {
  const defined = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const end = await runProgram(program, args, { cwd: tmpdir(), env: defined, limitMs: LIMIT_MS }).catch(
    () => undefined,
  );
  return end?.timedOut ? undefined : end;
}
