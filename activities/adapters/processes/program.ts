import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

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
  const { cwd, env, input, encoding = 'utf8', signal, limitMs } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) => resolve({ code: code ?? undefined, by: by ?? undefined }));
  });
  if (child.pid === undefined) return ended as Promise<never>; // it could not start, and the error says why

  const group = new Group(child.pid);
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    group.end();
  }, limitMs);
  const giveUp = () => group.end();
  signal?.addEventListener('abort', giveUp, { once: true });
  const [out, err] = [gather(child.stdout, giveUp), gather(child.stderr, giveUp)];
  child.stdin.on('error', () => undefined); // it need not read its input
  child.stdin.end(input ?? '', encoding);
  try {
    const { code, by } = await Promise.race([ended, group.lost]);
    signal?.throwIfAborted();
    const tooMuch = out.tooMuch() || err.tooMuch();
    return {
      stdout: out.text(encoding).replace(/\n$/, ''),
      stderr: tooMuch ? `It printed more than ${MOST_BYTES} bytes.` : err.text(),
      code: tooMuch ? undefined : code,
      signal: by,
      timedOut,
    };
  } finally {
    clearTimeout(limit);
    signal?.removeEventListener('abort', giveUp);
    group.over();
    for (const pipe of child.stdio) pipe?.destroy();
  }
}

interface Ended {
  code: number | undefined;
  by: string | undefined;
}

/** Collects the output of a pipe, up to a size. If there is more, the program is ended. */
function gather(pipe: Readable, end: () => void) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  pipe.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
    else end();
  });
  return {
    text: (encoding: BufferEncoding = 'utf8') => Buffer.concat(chunks).toString(encoding),
    tooMuch: () => bytes > MOST_BYTES,
  };
}

/** A process group that is ended by SIGTERM and then SIGKILL. */
class Group {
  /** Resolves when the group was killed but a process that has left it keeps its pipes open. */
  readonly lost: Promise<Ended>;
  private isLost!: (end: Ended) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly pid: number) {
    running.add(pid);
    this.lost = new Promise((resolve) => (this.isLost = resolve));
  }

  end(): void {
    if (this.timer) return;
    endGroup(this.pid, 'SIGTERM');
    this.timer = setTimeout(() => {
      endGroup(this.pid, 'SIGKILL');
      this.timer = setTimeout(() => this.isLost({ code: undefined, by: 'SIGKILL' }), GRACE_MS);
    }, GRACE_MS);
  }

  over(): void {
    if (this.timer) endGroup(this.pid, 'SIGKILL'); // those that ignored SIGTERM
    clearTimeout(this.timer);
    running.delete(this.pid);
  }
}

/** The groups that run now. They are ended when this process exits. */
const running = new Set<number>();
process.once('exit', () => {
  for (const pid of running) endGroup(pid, 'SIGKILL');
});

function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
