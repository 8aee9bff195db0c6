import { runProgram } from '../../activities/adapters/processes/program.ts';

/** A test's own limit ends it earlier. */
const LIMIT_MS = 600_000;

interface Options {
  cwd?: string;
  /** The variables in addition to those of this process; undefined removes one. */
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Whether an exit code other than 0 is thrown. */
  reject?: boolean;
}

interface Finished {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
  signal: string | undefined;
}

/**
 * Runs a program through a small process. A jest worker has hundreds of megabytes, and needs 20 ms and more of processor
 * time to start a program by itself.
 */
export async function program(file: string, args: readonly string[] = [], options: Options = {}): Promise<Finished> {
  const { cwd = process.cwd(), env, input, reject = true } = options;
  const variables = Object.entries({ ...process.env, ...env }).filter(([, value]) => value !== undefined);
  const environment = Object.fromEntries(variables) as Record<string, string>;
  const end = await runProgram(file, args, { cwd, env: environment, input, limitMs: LIMIT_MS });
  const { stdout, code, signal } = end;
  const stderr = end.stderr.replace(/\n$/, '');
  if (reject && code !== 0) {
    const how = signal === undefined ? `exit code ${code}` : signal;
    throw new Error([`${[file, ...args].join(' ')} ended with ${how}`, stderr, stdout].filter(Boolean).join('\n'));
  }
  return { stdout, stderr, exitCode: code, signal };
}
