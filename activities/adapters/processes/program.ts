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
  /** Whether it was ended because it printed nothing for too long. */
  stalled?: boolean;
}

interface Running {
  cwd: string;
  env: Record<string, string>;
  input?: string | undefined;
  /** How its input and output are encoded. */
  encoding?: 'utf8' | 'latin1' | undefined;
  signal?: AbortSignal | undefined;
  /** How long it may run, in milliseconds. `Infinity`: as long as it prints something. */
  limitMs: number;
  /** How long it may print nothing, in milliseconds. Default: as long as it runs. */
  silenceMs?: number | undefined;
  /** Gets the newest output while the program runs, twice a second. */
  onOutput?: ((text: string) => void) | undefined;
}

/**
 * Runs a program as the leader of its own process group. The whole group ends at the time limit, when the caller aborts
 * (which throws the signal's reason), and when this process exits.
 */
export async function runProgram(program: string, args: readonly string[], options: Running): Promise<ProgramEnd> {
  const { cwd, env, input = '', encoding = 'utf8', signal, limitMs, silenceMs = Infinity, onOutput } = options;
  signal?.throwIfAborted();
  const limits = { most: MOST_BYTES, graceMs: GRACE_MS };
  const launch = { program, args, cwd, env, input: Buffer.from(input, encoding), ...limits };
  const over = { timedOut: false, stalled: false };
  const isWatched = onOutput !== undefined || silenceMs !== Infinity;
  const said = (text: string) => {
    silence?.refresh();
    onOutput?.(text);
  };
  const { ended, end } = launcher.launch(launch, isWatched ? said : undefined);
  const after = (ms: number, what: keyof typeof over) =>
    ms === Infinity
      ? undefined
      : setTimeout(() => {
          over[what] = true;
          end();
        }, ms);
  const limit = after(limitMs, 'timedOut');
  const silence = after(silenceMs, 'stalled');
  signal?.addEventListener('abort', end, { once: true });
  try {
    const { code, by, tooMuch, out, err } = await ended;
    signal?.throwIfAborted();
    return {
      stdout: Buffer.from(out).toString(encoding).replace(/\n$/, ''),
      stderr: tooMuch ? `It printed more than ${MOST_BYTES} bytes.` : Buffer.from(err).toString(),
      code: tooMuch ? undefined : code,
      signal: by,
      timedOut: over.timedOut || over.stalled,
      ...(over.stalled && { stalled: true }),
    };
  } finally {
    clearTimeout(limit);
    clearTimeout(silence);
    signal?.removeEventListener('abort', end);
  }
}
