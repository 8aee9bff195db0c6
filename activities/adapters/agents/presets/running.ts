import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { endGroups } from '../../processes/groups.ts';
import { tokenOf } from '../../processes/tokens.ts';

/** A longer line is dropped, in characters. Agents print whole answers and outputs of commands in one line. */
const LONGEST_LINE = 32 * 1_024 * 1_024;
/** How much of the end of standard error is kept for the reason of a failure, in characters. */
const TAIL = 2_000;
/** The time from SIGTERM to SIGKILL, and how long a pipe is read that a process keeps open, in milliseconds. */
const GRACE_MS = 1_000;
const PIPE_MS = 1_000;
/** Marks all that a program of a conversation starts, in addition to the mark of its job. */
const CONVERSATION = 'GATEHOUSE_CONVERSATION';

export interface Run {
  command: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  input?: string | undefined;
  /** Its standard input stays open until we end, so that it can notice that we were killed. */
  attends?: boolean;
  /** Aborted: the program is ended with all that it started. */
  signal: AbortSignal;
  /** The variable that marks what the program starts. Default: the mark of a conversation. */
  mark?: string | undefined;
  /** Whether unmarked processes that work in `cwd` belong to the program too. */
  ownsFolder?: boolean;
  /** Takes each line of output. If it returns true, the program is ended. */
  line(line: string, stream: 'stdout' | 'stderr'): boolean;
}

export interface RunEnd {
  /** Undefined if a signal ended it. */
  code?: number | undefined;
  /** It could not be started, because there is no such program. */
  missing?: boolean;
  stderr: string;
}

/**
 * Runs a program that prints a line for each event. When it has ended, or was ended, nothing that it started is left, even
 * in sessions of their own.
 */
export async function runLines({ command, cwd, env, input = '', signal, line, ...given }: Run): Promise<RunEnd> {
  signal.throwIfAborted();
  const [program = '', ...args] = command;
  const { mark = CONVERSATION, ownsFolder = false, attends = false } = given;
  const id = randomUUID();
  const child = spawn(program, args, {
    cwd,
    env: { ...env, PWD: cwd, [mark]: id },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const started = await once(child, 'spawn').then(
    () => undefined,
    (failure: NodeJS.ErrnoException) => failure,
  );
  if (started) {
    ended.catch(() => undefined);
    if (started.code !== 'ENOENT') throw started;
    return { missing: true, stderr: '' };
  }
  const pid = child.pid!;
  const token = (await tokenOf(pid)) ?? 'gone';
  const group = { pid, token, mark: `${mark}=${id}`, ...(ownsFolder && { cwd }) };
  let ending: Promise<unknown> | undefined;
  const end = () => (ending ??= endGroups([group], GRACE_MS));
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) void end();

  let stderr = '';
  const pipes = [
    linesOf(child.stdout, (each) => !ending && line(each, 'stdout') && void end()),
    linesOf(child.stderr, (each) => {
      stderr = `${stderr}${each}\n`.slice(-TAIL);
      if (!ending && line(each, 'stderr')) void end();
    }),
  ];
  child.stdin.on('error', () => undefined); // it need not read its input
  if (attends) child.stdin.write(input);
  else child.stdin.end(input);
  try {
    const [code] = await ended;
    // What it said last is read before its descendants are ended, unless they keep the pipes open.
    await Promise.race([Promise.all(pipes), new Promise((resolve) => setTimeout(resolve, PIPE_MS).unref())]);
    return { code: code ?? undefined, stderr };
  } finally {
    signal.removeEventListener('abort', end);
    await ending;
    await endGroups([group], GRACE_MS);
    for (const pipe of child.stdio) pipe?.destroy();
  }
}

/** Resolves when the stream has ended. */
function linesOf(stream: Readable, take: (line: string) => unknown): Promise<unknown> {
  let pending = '';
  let dropping = false;
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const [first = '', ...rest] = text.split('\n');
    if (!dropping) pending += first;
    if (pending.length > LONGEST_LINE) [pending, dropping] = ['', true];
    for (const next of rest) {
      if (pending !== '') take(pending);
      [pending, dropping] = [next, false];
    }
  });
  return once(stream, 'close').finally(() => pending !== '' && take(pending));
}

/** The last words of a program that failed, in one line. */
export const lastWords = ({ code, stderr }: RunEnd): string => {
  const said = stderr
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .slice(-3)
    .join(' ')
    .slice(-500);
  return said === '' ? `exit code ${code ?? 'none'}` : `exit code ${code ?? 'none'}: ${said}`;
};
