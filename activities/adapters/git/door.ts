import { channel } from 'node:diagnostics_channel';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { environmentOf, settingsOf } from './environment.ts';
import { runProgram } from '../processes/program.ts';
import { slots } from './slots.ts';

/**
 * A repository as our git is to see it. Everything is named, nothing is looked for: no folder above, no gitfile and no
 * `commondir` that somebody may have put there leads our git anywhere else.
 */
export interface Repository {
  /** The git folder itself: a real folder, neither a gitfile nor a link. */
  gitDir: string;
  /** The checkout, where the call works on one. Without it the call is for objects and refs only. */
  workTree?: string | undefined;
  /** Where refs and configuration are. It differs from `gitDir` only in a linked worktree. */
  commonDir?: string | undefined;
}

/** How long each kind of call may run, in milliseconds. After that git and all it has started are killed. */
export const LIMITS_MS = {
  /** Questions about objects and refs. */
  read: 120_000,
  /** Objects and refs that we write. */
  write: 120_000,
  /** Whole working trees: checkout, add, status, merge. */
  checkout: 900_000,
  /** Objects that move between repositories. */
  transfer: 1_800_000,
};
export type Kind = keyof typeof LIMITS_MS;

export interface Call {
  /** Which time limit holds; a read unless said otherwise. */
  kind?: Kind | undefined;
  /** The exit codes that are answers; 0 unless said otherwise. All others throw `GitFailed`. */
  okCodes?: readonly number[] | undefined;
  /** What git reads from its standard input. */
  input?: string | undefined;
  /** Input and output are taken by the byte, each a character: names of files need not be UTF-8. */
  bytes?: boolean | undefined;
  /** More variables for this one call, such as `GIT_INDEX_FILE`. */
  env?: Readonly<Record<string, string>> | undefined;
  /** More settings for this one call, as `name=value`. They come after ours, and so win. */
  settings?: readonly string[] | undefined;
  /** Gives the call up: it is killed, and its slot is free. */
  signal?: AbortSignal | undefined;
  /** When the caller no longer waits, in milliseconds since 1970: waiting for a slot counts too. */
  deadline?: number | undefined;
}

/** Told of every call that has ended, a `Spent`: for whoever measures. */
const spending = channel('gatehouse:git');

/** What one call has cost its caller, in milliseconds, waiting for a slot included. */
export interface Spent {
  args: readonly string[];
  ms: number;
}

export interface GitAnswer {
  stdout: string;
  stderr: string;
  code: number;
}

/** Git could not do what it was asked, or not in time. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  constructor(
    args: readonly string[],
    readonly stderr: string,
    readonly code: number | undefined,
    readonly signal?: string | undefined,
    /** Whether it was killed by us because its time was over. */
    readonly timedOut = false,
  ) {
    const how = timedOut ? 'was killed at its time limit' : `ended with ${code ?? signal ?? 'a signal'}`;
    super(`git ${args.slice(0, 4).join(' ')} ${how}: ${stderr.trim().slice(-1_000)}`);
  }
}

/**
 * The one door to git: runs it without a shell, without questions and with settings of our own only. Answers what it
 * prints; throws `GitFailed` unless its exit code is one that the caller expects, and the signal's reason when given up.
 */
export async function git(where: Repository, args: readonly string[], call: Call = {}): Promise<GitAnswer> {
  const at = ['--git-dir', where.gitDir, ...(where.workTree === undefined ? [] : ['--work-tree', where.workTree])];
  await mustBeFolder(where, args);
  return ask(where.gitDir, [...at, ...args], args, { cwd: where.workTree ?? where.gitDir, ...where }, call);
}

/** Makes a bare repository of our own, or any other that is not there yet. */
export async function initialize(gitDir: string, args: readonly string[], call: Call = {}): Promise<void> {
  const init = ['--git-dir', gitDir, 'init', '--quiet', '--template=', ...args];
  await ask(gitDir, init, init, { cwd: path.dirname(gitDir) }, { kind: 'write', ...call });
}

/**
 * What git says of a folder that somebody named: whether it is a repository, and whether git trusts it. The only call
 * that lets git look for a repository, in this folder and nowhere above.
 */
export async function inspect(folder: string, args: readonly string[], call: Call = {}): Promise<GitAnswer> {
  return ask(folder, args, args, { cwd: folder, ceiling: path.dirname(folder) }, call);
}

interface Where {
  cwd: string;
  gitDir?: string;
  commonDir?: string | undefined;
  ceiling?: string;
}

async function ask(share: string, all: readonly string[], args: readonly string[], where: Where, call: Call) {
  const { kind = 'read', okCodes = [0], input, bytes, signal, deadline, settings = [] } = call;
  const begun = performance.now();
  const left = () => (deadline === undefined ? Infinity : Math.max(1, deadline - Date.now()));
  const ends = [...(signal ? [signal] : []), ...(deadline === undefined ? [] : [AbortSignal.timeout(left())])];
  const free = await slots.take(share, AbortSignal.any(ends)).catch((failure: unknown) => {
    if (signal?.aborted) throw failure;
    throw new GitFailed(args, 'No slot was free before the deadline.', undefined, undefined, true);
  });
  try {
    const end = await runProgram('git', [...settingsOf(settings), ...all], {
      cwd: where.cwd,
      env: { ...environmentOf(where), ...call.env },
      input,
      encoding: bytes ? 'latin1' : 'utf8',
      signal,
      limitMs: Math.min(LIMITS_MS[kind], left()),
    });
    if (end.code === undefined || end.timedOut || !okCodes.includes(end.code)) {
      throw new GitFailed(args, end.stderr, end.code, end.signal, end.timedOut);
    }
    return { stdout: end.stdout, stderr: end.stderr, code: end.code };
  } finally {
    free();
    spending.publish({ args, ms: performance.now() - begun } satisfies Spent);
  }
}

/** Git itself would follow a gitfile, a link, and a file that says where refs are: whoever may write there could say so. */
async function mustBeFolder({ gitDir, commonDir = gitDir }: Repository, args: readonly string[]): Promise<void> {
  const kindOf = (place: string) => lstat(place).catch(() => undefined);
  if (!(await kindOf(gitDir))?.isDirectory()) {
    throw new GitFailed(args, `fatal: not a git repository: ${gitDir} is no folder`, 128);
  }
  if (commonDir === gitDir && (await kindOf(path.join(gitDir, 'commondir')))) {
    throw new GitFailed(args, `fatal: not a git repository: ${gitDir} names another folder in commondir`, 128);
  }
}
