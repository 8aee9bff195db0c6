import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import pLimit from 'p-limit';

export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  constructor(
    args: readonly string[],
    readonly stderr: string,
    readonly code: number | undefined,
  ) {
    super(`git ${args.slice(0, 4).join(' ')} ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-1_000)}`);
  }
}

export interface GitAnswer {
  stdout: string;
  code: number;
}

/**
 * Nothing that a repository's configuration names is run by us: no hooks, no file system monitor, no signing program, no
 * pager and no other transport than files (git-config(1)). Submodules stay where they are: they name addresses of others.
 */
const QUIET = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.pager=cat',
  'core.alternateRefsCommand=true',
  'commit.gpgsign=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'protocol.allow=never',
  'protocol.file.allow=always',
].flatMap((setting) => ['-c', setting]);

/** Who writes the commits that we make ourselves. */
const IDENTITY = {
  GIT_AUTHOR_NAME: 'gatehouse',
  GIT_AUTHOR_EMAIL: 'gatehouse@localhost',
  GIT_COMMITTER_NAME: 'gatehouse',
  GIT_COMMITTER_EMAIL: 'gatehouse@localhost',
};

/** The variables of a git process that has called us must not point our own git somewhere else. */
const CLEARED = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_NAMESPACE: undefined,
};

/** So many git processes run at a time, however many runs ask: more only get in each other's way. */
const atATime = pLimit(4 * availableParallelism());

/**
 * Runs the git program, without a shell and without questions. Answers what it prints; throws `GitFailed` unless its
 * exit code is one that the caller expects.
 */
export async function git(
  args: string[],
  {
    cwd,
    okCodes = [0],
    input,
    env = {},
  }: { cwd: string; okCodes?: number[]; input?: string; env?: Record<string, string> },
): Promise<GitAnswer> {
  const options = {
    cwd,
    reject: false,
    stripFinalNewline: true,
    maxBuffer: 64 * 1_024 * 1_024,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    env: { ...CLEARED, LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', ...IDENTITY, ...env },
  };
  const { stdout, stderr, exitCode } = await atATime(() => execa('git', [...QUIET, ...args], options));
  if (exitCode === undefined || !okCodes.includes(exitCode)) throw new GitFailed(args, String(stderr), exitCode);
  return { stdout: String(stdout), code: exitCode };
}

/** What becomes git's argument is a commit's whole id, or nothing is run: a name could be read as an option, or move. */
export function commitId(text: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)) return text;
  throw new Error(`${JSON.stringify(text.slice(0, 80))} is no commit’s id.`);
}

/** A commit's id by any name, or nothing when there is no such commit. */
export async function commitOf(cwd: string, name: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const { stdout, code } = await git(args, { cwd, okCodes: [0, 1, 128] });
  return code === 0 ? stdout : undefined;
}

export async function isAncestor(cwd: string, older: string, newer: string): Promise<boolean> {
  const { code } = await git(['merge-base', '--is-ancestor', commitId(older), commitId(newer)], {
    cwd,
    okCodes: [0, 1],
  });
  return code === 0;
}

export type TreeMerge = { is: 'clean'; tree: string } | { is: 'conflicted'; files: string[] };

/** Merges two commits without touching any checkout (git-merge-tree(1), git 2.38 or later). */
export async function mergeTree(cwd: string, ours: string, theirs: string): Promise<TreeMerge> {
  const args = ['merge-tree', '--write-tree', '--name-only', '--no-messages', commitId(ours), commitId(theirs)];
  const { stdout, code } = await git(args, { cwd, okCodes: [0, 1] });
  const [tree = '', ...files] = stdout.split('\n');
  return code === 0 ? { is: 'clean', tree } : { is: 'conflicted', files: [...new Set(files.filter(Boolean))] };
}

export async function commitTree(cwd: string, tree: string, parents: string[], message: string): Promise<string> {
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
  return (await git(args, { cwd, input: `${message}\n` })).stdout;
}
