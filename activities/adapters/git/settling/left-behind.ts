import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from '../checkout.ts';
import { git } from '../door.ts';
import { viewOfFolder } from '../viewing.ts';
import { ask, commitsOf, listed, namedByCopy, ownCommits, partsOf, short, type Checkout } from './checkout.ts';
import type { GitState } from './git-state.ts';

/** Commits of an agent that are not part of its result, and what people call them. */
export interface LeftBehind {
  /** The ref of the commits in the bundle. */
  ref: string;
  commit: string;
  called: string;
}

/** Where commits that were left behind are kept: in git bundles with this prefix. */
export interface Keep {
  folder: string;
  name: string;
}

/**
 * The commits that an agent left outside its result: on branches, stashes, tags and worktrees, or under no name. Commits
 * that were only rewritten, by an amend or a rebase, are omitted, because the result contains them in another form.
 * `result`: the commit that is published, if any.
 */
export async function leftBehind(checkout: Checkout, state: GitState, result?: string): Promise<LeftBehind[]> {
  const { head, branch, branches, tags, stashes, worktrees } = state;
  const named: LeftBehind[] = [
    ...branches.map(({ name, commit }) => ({ ref: `branches/${name}`, commit, called: `the branch ${name}` })),
    ...stashes.map((commit, n) => ({ ref: `stashes/${n}`, commit, called: n === 0 ? 'a stash' : `stash ${n}` })),
    ...worktrees.map(({ name, commit }) => ({ ref: `worktrees/${name}`, commit, called: `the worktree ${name}` })),
    ...tags.map(({ name, commit }) => ({ ref: `tags/${name}`, commit, called: `the tag ${name}` })),
    ...(head && branch === undefined
      ? [{ ref: 'HEAD', commit: head, called: `the commits up to ${short(head)}` }]
      : []),
  ];
  const taken = [checkout.begun.start, ...(result ? [result] : [])];
  const own = new Set(
    await ownCommits(
      checkout,
      named.map(({ commit }) => commit),
    ),
  );
  const beyond = new Set(await commitsOf(checkout, { from: [...own], without: taken }));
  const left = distinct(named.filter(({ commit }) => beyond.has(commit)));
  return [...left, ...(await unnamed(checkout, state, [...taken, ...left.map(({ commit }) => commit)], result))];
}

/** Removes entries that lead to the same commit as an earlier one. */
const distinct = (left: readonly LeftBehind[]): LeftBehind[] =>
  left.filter(({ commit }, index) => left.findIndex((other) => other.commit === commit) === index);

/** Former values of HEAD that nothing leads to now. */
export async function unnamed(
  checkout: Checkout,
  { past }: Pick<GitState, 'past'>,
  without: string[],
  result?: string,
): Promise<LeftBehind[]> {
  const own = await ownCommits(checkout, past);
  const lines = await commitsOf(checkout, { from: own, without, options: ['--parents'] });
  const parents = new Set(lines.flatMap((line) => line.split(' ').slice(1)));
  const tips = lines.map((line) => line.split(' ', 1)[0]!).filter((id) => !parents.has(id));
  if (tips.length === 0) return [];

  const taken = result ? await commitsOf(checkout, { from: [result], without: [checkout.begun.start] }) : [];
  const written = new Set([...(await authorings(checkout, taken)).values()]);
  const made = await authorings(checkout, tips);
  return tips
    .filter((id) => !written.has(made.get(id)!))
    .map((id) => ({
      ref: `commits/${short(id)}`,
      commit: id,
      called: `the commit ${short(id)}, which no branch names`,
    }));
}

/** The original authors and dates of commits, which an amend and a rebase preserve. */
async function authorings(checkout: Checkout, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const args = ['log', '--no-walk', '--stdin', '-z', '--format=%H %at %ae'];
  const entries = partsOf(await ask(checkout, args, { input: ids.map((id) => `${id}\n`).join('') }));
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)]));
}

/** Keeps commits in a bundle, and returns its path. The bundle requires their parents, which the repository has. */
export async function kept(checkout: Checkout, left: readonly LeftBehind[], keep: Keep): Promise<string | undefined> {
  if (left.length === 0) return undefined;
  const refs = left.map(({ ref }) => `refs/left/${ref}`);
  const updates = left.map(({ commit }, index) => `update ${refs[index]!}\0${commit}\0\0`).join('');
  await ask(checkout, ['update-ref', '--stdin', '-z'], { kind: 'write', input: updates });
  const input = `${[...refs, `^${checkout.begun.start}`, ...(await namedByCopy(checkout))].join('\n')}\n`;
  return bundled(keep, (file) =>
    ask(checkout, ['bundle', 'create', '--quiet', file, '--stdin'], { kind: 'transfer', input }),
  );
}

/** Keeps the history of a nested repository whose files became part of the change. Undefined if it has no commits. */
export async function keptHistory(checkout: Checkout, folder: string, keep: Keep): Promise<string | undefined> {
  const scratch = path.join(checkout.view.gitDir, 'history');
  const nested = await viewOfFolder(folder, scratch, { format: await formatOf(checkout.copy) });
  const call = { ...checkout.limits, kind: 'transfer' } as const;
  const named = await git(nested, ['for-each-ref', '--count=1'], call);
  const head = await git(nested, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { ...call, okCodes: [0, 1] });
  if (named.stdout === '' && head.code !== 0) return undefined;
  const tips = head.code === 0 ? ['--all', 'HEAD'] : ['--all']; // HEAD may be on no branch
  return bundled(keep, (file) => git(nested, ['bundle', 'create', '--quiet', file, ...tips], call));
}

async function bundled({ folder, name }: Keep, make: (file: string) => Promise<unknown>): Promise<string> {
  const file = path.join(folder, `${name}.bundle`);
  const draft = `${file}.draft`;
  await mkdir(folder, { recursive: true });
  try {
    await make(draft);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
  return file;
}

/** The notes for people about commits that were left behind, and where these are kept. */
export const notesOnLeft = (left: readonly LeftBehind[], file: string | undefined): string[] =>
  left.length === 0
    ? []
    : [`Left behind: ${listed(left.map(({ called }) => called))}.${file === undefined ? '' : ` Kept in ${file}.`}`];
