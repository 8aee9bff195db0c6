import { launcher } from './launcher.ts';

const MOST_BYTES = 64 * 1_024 * 1_024;
/** The time from SIGTERM to SIGKILL, and from SIGKILL until we stop waiting for the program's pipes, in milliseconds. */
const GRACE_MS = 1_000;

export interface ProgramEnd {
  stdout: string;
  stderr: string;
  /** Undefined if a signal ended it. */
  code: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
}

interface Running {
  cwd: string;
  env: Record<string, string>;
  input?: string | undefined;
  /** How its input and output are encoded. */
  encoding?: 'utf8' | 'latin1' | undefined;
  signal?: AbortSignal | undefined;
  limitMs: number;
}

/**
 * Runs a program as the leader of its own process group. The whole group ends at the time limit, when the caller aborts
 * (which throws the signal's reason), and when this process exits.
 */
export async function runProgram(program: string, args: readonly string[], options: Running): Promise<ProgramEnd> {
  const { cwd, env, input = '', encoding = 'utf8', signal, limitMs } = options;
  signal?.throwIfAborted();
  const limits = { most: MOST_BYTES, graceMs: GRACE_MS };
  const { ended, end } = launcher.launch({ program, args, cwd, env, input: Buffer.from(input, encoding), ...limits });
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    end();
  }, limitMs);
  signal?.addEventListener('abort', end, { once: true });
  try {
    const { code, by, tooMuch, out, err } = await ended;
    signal?.throwIfAborted();
    return {
      stdout: Buffer.from(out).toString(encoding).replace(/\n$/, ''),
      stderr: tooMuch ? `It printed more than ${MOST_BYTES} bytes.` : Buffer.from(err).toString(),
      code: tooMuch ? undefined : code,
      signal: by,
      timedOut,
    };
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', end);
  }
}
