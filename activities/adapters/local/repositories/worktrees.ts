import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { git, type Repository } from '../../git/door.ts';

/** A checkout of a person's repository: the main one, or a linked one. */
export interface Worktree extends Repository {
  workTree: string;
  commonDir: string;
}

/** A person's repository. `checkout`: its main checkout, if known. */
export interface Target extends Repository {
  commonDir: string;
  checkout?: string;
}

/**
 * The checkouts that have a branch checked out, except those whose folder is gone. Git does not record the main checkout of
 * a git folder elsewhere (`--separate-git-dir`), so `at.checkout` names it. `busy`: an operation that its owner has begun
 * there, during which git itself would refuse to move the branch.
 */
export async function worktreesOf(at: Target, branch: string): Promise<{ worktree: Worktree; busy?: string }[]> {
  const linked = path.join(at.commonDir, 'worktrees');
  const names = await readdir(linked).catch((): string[] => []);
  const all = [mainOf(at), ...names.map((name) => linkedOf(at.commonDir, path.join(linked, name)))];
  const there = (await Promise.all(all)).filter((each) => each !== undefined);
  const refs = await namesOf(at, branch);
  const states = await Promise.all(there.map(async (worktree) => ({ worktree, ...(await stateOf(worktree, refs)) })));
  return states.flatMap(({ worktree, has, busy }) =>
    has || busy !== undefined ? [{ worktree, ...(busy !== undefined && { busy }) }] : [],
  );
}

/**
 * A branch's names. A branch may be an alias of another, as `main` of `trunk` after a rename, and then HEAD may name either.
 */
async function namesOf(at: Repository, branch: string): Promise<string[]> {
  const ref = `refs/heads/${branch}`;
  const { stdout, code } = await git(at, ['symbolic-ref', '--quiet', ref], { okCodes: [0, 1, 128] });
  return code === 0 && stdout !== '' ? [ref, stdout] : [ref];
}

/** The main checkout of a repository. Undefined for a bare one. */
async function mainOf({ commonDir, checkout }: Target): Promise<Worktree | undefined> {
  if (checkout !== undefined) return { gitDir: commonDir, commonDir, workTree: checkout };
  const config = (await read(path.join(commonDir, 'config'))) ?? '';
  if (/^\s*bare\s*=\s*true\s*$/im.test(config) || path.basename(commonDir) !== '.git') {
    return ofSubmodule(commonDir, config);
  }
  return { gitDir: commonDir, commonDir, workTree: path.dirname(commonDir) };
}

/** The checkout of a git folder that was put elsewhere, such as a submodule's, which records where its checkout is. */
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

async function stateOf(worktree: Worktree, refs: readonly string[]): Promise<{ has: boolean; busy?: string }> {
  const { gitDir } = worktree;
  const lineOf = async (...names: string[]) => (await read(path.join(gitDir, ...names)))?.trim();
  const isOurs = (ref: string | undefined) => ref !== undefined && refs.includes(ref);
  if (isOurs(await lineOf('rebase-merge', 'head-name'))) return { has: false, busy: 'rebased' };
  if (isOurs(await lineOf('rebase-apply', 'head-name'))) return { has: false, busy: 'rebased' };
  if ((await lineOf('rebase-merge', 'update-refs'))?.split('\n').some(isOurs)) return { has: false, busy: 'rebased' };
  if (isOurs(`refs/heads/${await lineOf('BISECT_START')}`)) return { has: false, busy: 'bisected' };
  const has = isOurs(await branchOf(worktree));
  const begun = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD'];
  const open = has && (await Promise.all(begun.map((name) => lineOf(name)))).some((text) => text !== undefined);
  return { has, ...(open && { busy: 'merged into' }) };
}

/**
 * The ref that HEAD names. Git is called only if the file does not say it: HEAD may be a link (`core.preferSymlinkRefs`),
 * and refs may be stored in another form than files (reftable).
 */
async function branchOf(worktree: Worktree): Promise<string | undefined> {
  const file = path.join(worktree.gitDir, 'HEAD');
  const text = (await read(file))?.trim() ?? '';
  const isLink = (await lstat(file).catch(() => undefined))?.isSymbolicLink() === true;
  if (!isLink && text !== 'ref: refs/heads/.invalid') return /^ref: *(\S+)$/.exec(text)?.[1];
  const { stdout, code } = await git(worktree, ['symbolic-ref', '--quiet', 'HEAD'], { okCodes: [0, 1, 128] });
  return code === 0 ? stdout : undefined;
}

const read = (file: string): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined);
