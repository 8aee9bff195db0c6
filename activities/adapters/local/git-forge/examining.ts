import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BadField } from '../../../../workflows/contracts/activities.ts';
import type { ChangeWish, ForgeDefaults, ForgeExamined } from '../../../ports.ts';
import { isAncestor } from '../../git/commits.ts';
import { submodulesIn } from '../../git/contents.ts';
import { isShallow } from '../../git/mirror.ts';
import type { ChangeStore } from '../../git/publishing/change-store.ts';
import type { Publishing } from '../../git/publishing/publishing.ts';
import { inTheWay } from '../../git/publishing/collisions.ts';
import { FILE, NEAR_MISS, parseSettings, type RepositorySettings } from '../../settings/repository-settings.ts';
import type { LocalWorkspace } from '../repositories/workspace.ts';
import type { Target } from '../repositories/worktrees.ts';
import { unfiltered } from './filters.ts';

/** We run the checks ourselves, so we know which there will be, and can test the result of a merge. */
const DEFAULTS: ForgeDefaults & Pick<Found, 'mergeMethods'> = {
  checksGraceSeconds: 0,
  tested: 'merge-result',
  mergeMethods: ['merge'],
};

type Found = Extract<ForgeExamined, { is: 'found' }>;

interface Parts {
  workspace: LocalWorkspace;
  store: ChangeStore;
  publishing: Publishing;
}

/**
 * Examines whether a change can be worked on, and its present state. Problems are reported by their path in the run's input.
 */
export async function examineChange(parts: Parts, wish: ChangeWish): Promise<ForgeExamined> {
  const { workspace, store, publishing } = parts;
  const found = await workspace.locate(wish.repository);
  if (found.is === 'none') {
    const because = found.because ?? `no repository at ${wish.repository}`;
    return refused('change.repository', `an absolute path or file:// URL of a git repository, found ${because}`);
  }
  if (wish.basis !== undefined && !(await workspace.isKin(found, wish.basis)))
    return refused('change.repository', `the repository where the run began, found another one at ${found.name}`);
  const repository = await workspace.lasting(found, wish.repository);
  const unusable = await unfit(found.at);
  if (unusable.length > 0) return { is: 'refused', fields: unusable };
  const base = wish.base ?? (await workspace.defaultBranch(wish.repository));
  const basis = base && (await workspace.headOf(repository, base));
  if (!base || !basis) {
    const instead = base === undefined ? 'no default branch' : `no branch ${base}`;
    return refused('change.base', `a branch of ${repository} with a commit, found ${instead}`);
  }
  const branch = await branchFor(store, found.name, wish);
  if (!branch) return refused('change.pullRequest', `a pull request that gatehouse has on record for ${repository}`);
  if (branch === base) return refused('change.branch', `another branch than the base, ${base}`);
  const settings = await settingsAt(workspace, { repository, base, basis });
  const fields = [...(await inTheWay(found.at, branch)), ...('fields' in settings ? settings.fields : [])];
  if ('settings' in settings) fields.push(...(await unfiltered(found.at, basis, settings.settings)));
  if (fields.length > 0) return { is: 'refused', fields };

  const head = await workspace.headOf(repository, branch);
  const change = { repository, base, branch, basis };
  const { number, state } = await store.read({ ...change, repository: found.name });
  const open = number !== undefined && state === 'open' ? { pullRequest: number } : {};
  const there = {
    is: 'found',
    change: { ...change, ...open },
    ...DEFAULTS,
    ...(await lacking(found.at, basis)),
  } as const;
  if (head === undefined) return there;
  const copy = { gitDir: await workspace.fetch(repository) };
  if (await isAncestor(copy, head, basis)) return there;
  return { ...there, head, writers: await publishing.writersOf(change, head) };
}

/** A pull request has a recorded branch. If a branch was given too, it must be that one. */
async function branchFor(store: ChangeStore, name: string, { pullRequest, branch, branchGiven }: ChangeWish) {
  if (pullRequest === undefined) return branch;
  const found = await store.branchOf(name, pullRequest);
  return branchGiven && found !== branch ? undefined : found;
}

async function settingsAt(
  workspace: LocalWorkspace,
  { repository, base, basis }: { repository: string; base: string; basis: string },
): Promise<{ settings: RepositorySettings } | { fields: BadField[] }> {
  const text = await workspace.fileAt(repository, basis, FILE);
  if (text !== undefined) return parseSettings(text);
  const near = (await workspace.existsAt(repository, basis, NEAR_MISS)) ? `, found ${NEAR_MISS}` : '';
  return { fields: [{ path: FILE, expected: `expected a file of this name on ${base}${near}` }] };
}

/** Checkouts have no submodules, because these come from addresses of others. The run reports that. */
async function lacking(at: Target, basis: string): Promise<{ lacking?: string }> {
  const submodules = await submodulesIn(at, basis);
  if (submodules.length === 0) return {};
  const named = submodules.slice(0, 10).join(', ');
  return { lacking: `Checkouts do not have the submodules of this repository: ${named} will be empty.` };
}

const refused = (path: string, expected: string): ForgeExamined => ({
  is: 'refused',
  fields: [{ path, expected: `expected ${expected}` }],
});

/** Forms of a repository with which we cannot work, with the command that helps. */
export async function unfit(at: Target): Promise<BadField[]> {
  const bad = (found: string): BadField[] => [
    { path: 'change.repository', expected: `expected a complete clone, found ${found}` },
  ];
  if (await isShallow(at)) return bad('a shallow one: git fetch --unshallow completes it');
  const config = await readFile(path.join(at.commonDir, 'config'), 'utf8').catch(() => '');
  const isPartial = /^\s*(?:partialclone\s*=|promisor\s*=\s*true)/im.test(config);
  return isPartial ? bad('a partial one: clone it without --filter') : [];
}
