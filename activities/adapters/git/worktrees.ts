import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Repository } from './door.ts';

/** A checkout of a person's repository: the main one, or a linked one. */
export interface Worktree extends Repository {
  workTree: string;
  commonDir: string;
}

/**
 * The checkouts in which a branch stands, read from the repository's own files: those whose folder is gone are left out.
 * `busy`: what its owner is in the middle of there, which git itself would not let the branch be moved under.
 */
export async function worktreesOf(
  at: Repository & { commonDir: string },
  branch: string,
): Promise<{ worktree: Worktree; busy?: string }[]> {
  const linked = path.join(at.commonDir, 'worktrees');
  const names = await readdir(linked).catch((): string[] => []);
  const all = [mainOf(at.commonDir), ...names.map((name) => linkedOf(at.commonDir, path.join(linked, name)))];
  const there = (await Promise.all(all)).filter((each) => each !== undefined);
  const states = await Promise.all(there.map(async (worktree) => ({ worktree, ...(await stateOf(worktree, branch)) })));
  return states.flatMap(({ worktree, has, busy }) =>
    has || busy !== undefined ? [{ worktree, ...(busy !== undefined && { busy }) }] : [],
  );
}

/** A repository without a checkout has none. */
async function mainOf(commonDir: string): Promise<Worktree | undefined> {
  const config = (await read(path.join(commonDir, 'config'))) ?? '';
  if (/^\s*bare\s*=\s*true\s*$/im.test(config) || path.basename(commonDir) !== '.git') {
    return ofSubmodule(commonDir, config);
  }
  return { gitDir: commonDir, commonDir, workTree: path.dirname(commonDir) };
}

/** The git folder of a submodule, or one that was put elsewhere, says itself where its checkout is. */
async function ofSubmodule(commonDir: string, config: string): Promise<Worktree | undefined> {
  const named = /^\s*worktree\s*=\s*(.+?)\s*$/im.exec(config)?.[1];
  if (named === undefined) return undefined;
  const workTree = await folderAt(path.resolve(commonDir, named.replace(/^"(.*)"$/, '$1')));
  return workTree === undefined ? undefined : { gitDir: commonDir, commonDir, workTree };
}

async function linkedOf(commonDir: string, gitDir: string): Promise<Worktree | undefined> {
  const link = (await read(path.join(gitDir, 'gitdir')))?.trim();
  if (!link) return undefined;
  const workTree = await folderAt(path.dirname(path.resolve(gitDir, link)));
  return workTree === undefined ? undefined : { gitDir, commonDir, workTree };
}

async function folderAt(place: string): Promise<string | undefined> {
  const found = await stat(place).catch(() => undefined);
  return found?.isDirectory() ? realpath(place) : undefined;
}

async function stateOf({ gitDir }: Worktree, branch: string): Promise<{ has: boolean; busy?: string }> {
  const says = async (...names: string[]) => (await read(path.join(gitDir, ...names)))?.trim();
  const ref = `refs/heads/${branch}`;
  if ((await says('rebase-merge', 'head-name')) === ref) return { has: false, busy: 'rebased' };
  if ((await says('rebase-apply', 'head-name')) === ref) return { has: false, busy: 'rebased' };
  if ((await says('rebase-merge', 'update-refs'))?.split('\n').includes(ref)) return { has: false, busy: 'rebased' };
  if ((await says('BISECT_START')) === branch) return { has: false, busy: 'bisected' };
  const has = (await says('HEAD')) === `ref: ${ref}`;
  const begun = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'];
  const open = has && (await Promise.all(begun.map((name) => says(name)))).some((text) => text !== undefined);
  return { has, ...(open && { busy: 'merged into' }) };
}

const read = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);
