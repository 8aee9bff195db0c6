import { channel } from 'node:diagnostics_channel';
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { runProgram } from '../processes/program.ts';
import { environmentOf, settingsOf } from './environment.ts';
import { slots, wireSlots } from './slots.ts';
import { LIMITS_MS, STALL_MS, type Kind } from './time-limits.ts';

/**
 * A repository as our git sees it. Every folder is given explicitly, so no parent folder, gitfile or `commondir` can lead
 * our git elsewhere.
 */
export interface Repository {
  /** The git folder itself: a real folder, neither a gitfile nor a link. */
  gitDir: string;
  /** The checkout, for calls that work on one. Without it a call is about objects and refs only. */
  workTree?: string | undefined;
  /** Where refs and configuration are, if not in `gitDir`: only a linked worktree has this. */
  commonDir?: string | undefined;
}

export interface Call {
  /** The kind of call, which decides the time limit. Default: `read`. */
  kind?: Kind | undefined;
  /** The exit codes that do not throw. Default: 0. All others throw `GitFailed`. */
  okCodes?: readonly number[] | undefined;
  /** Git's standard input. */
  input?: string | undefined;
  /** Reads and writes bytes, one per character, because file names need not be UTF-8. */
  bytes?: boolean | undefined;
  /** More variables for this call, such as `GIT_INDEX_FILE`. */
  env?: Readonly<Record<string, string>> | undefined;
  /** More settings for this call, as `name=value`. They override ours. */
  settings?: readonly string[] | undefined;
  /** Aborts the call: git is killed and its slot is freed. */
  signal?: AbortSignal | undefined;
  /** When the caller stops waiting, in milliseconds since 1970. Waiting for a slot counts too. */
  deadline?: number | undefined;
  /** Gets the newest output of a call of the kind `wire`, twice a second. */
  onOutput?: ((text: string) => void) | undefined;
  /** How long a call of the kind `wire` may print nothing, in milliseconds. */
  silenceMs?: number | undefined;
}

/** Publishes a `Spent` for every call that has ended, for measurements. */
const spending = channel('gatehouse:git');

/** How long one call took, in milliseconds, including the wait for a slot. */
export interface Spent {
  args: readonly string[];
  ms: number;
}

export interface GitAnswer {
  stdout: string;
  stderr: string;
  code: number;
}

/** Git failed, or took too long. */
export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  constructor(
    args: readonly string[],
    readonly stderr: string,
    readonly code: number | undefined,
    readonly signal?: string | undefined,
    /** Whether git was killed at its time limit. */
    readonly timedOut = false,
  ) {
    const how = timedOut ? 'was killed at its time limit' : `ended with ${code ?? signal ?? 'a signal'}`;
    super(`git ${args.slice(0, 4).join(' ')} ${how}: ${stderr.trim().slice(-1_000)}`);
  }
}

/**
 * Runs git. All calls go through here: without a shell, without prompts, and with our own settings only. Throws `GitFailed`
 * for an unexpected exit code, and the signal's reason when aborted.
 */
export async function git(where: Repository, args: readonly string[], call: Call = {}): Promise<GitAnswer> {
  const at = ['--git-dir', where.gitDir, ...(where.workTree === undefined ? [] : ['--work-tree', where.workTree])];
  await mustBeFolder(where, args);
  return ask(where.gitDir, [...at, ...args], args, { cwd: where.workTree ?? where.gitDir, ...where }, call);
}

/** Creates a repository of our own, bare or not. */
export async function initialize(gitDir: string, args: readonly string[], call: Call = {}): Promise<void> {
  const init = ['--git-dir', gitDir, 'init', '--quiet', '--template=', ...args];
  await ask(gitDir, init, init, { cwd: path.dirname(gitDir) }, { kind: 'write', ...call });
}

/**
 * Asks git about a given folder: whether it is a repository, and whether git trusts it. The only call that lets git search
 * for a repository, in this folder and never above.
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
  const isWire = kind === 'wire';
  const begun = performance.now();
  const left = () => (deadline === undefined ? Infinity : Math.max(1, deadline - Date.now()));
  const ends = [...(signal ? [signal] : []), ...(deadline === undefined ? [] : [AbortSignal.timeout(left())])];
  const free = await (isWire ? wireSlots : slots).take(share, AbortSignal.any(ends)).catch((failure: unknown) => {
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
      ...(isWire && { silenceMs: call.silenceMs ?? STALL_MS, onOutput: call.onOutput }),
    });
    if (end.code === undefined || end.timedOut || !okCodes.includes(end.code)) {
      const stalled = end.stalled ? `\nfatal: nothing moved for ${(call.silenceMs ?? STALL_MS) / 1_000} s` : '';
      throw new GitFailed(args, `${end.stderr}${stalled}`, end.code, end.signal, end.timedOut);
    }
    return { stdout: end.stdout, stderr: end.stderr, code: end.code };
  } finally {
    free();
    spending.publish({ args, ms: performance.now() - begun } satisfies Spent);
  }
}

/** Git follows a gitfile, a link and a `commondir` file, so anybody who can write one of these could redirect us. */
async function mustBeFolder({ gitDir, commonDir = gitDir }: Repository, args: readonly string[]): Promise<void> {
  const kindOf = (place: string) => lstat(place).catch(() => undefined);
  if (!(await kindOf(gitDir))?.isDirectory()) {
    throw new GitFailed(args, `fatal: not a git repository: ${gitDir} is not a folder`, 128);
  }
  if (commonDir === gitDir && (await kindOf(path.join(gitDir, 'commondir')))) {
    throw new GitFailed(args, `fatal: not a git repository: ${gitDir} names another folder in commondir`, 128);
  }
}
