import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from '../checkout.ts';
import { commitId } from '../commits.ts';
import { git, GitFailed, initialize, type Call, type Repository } from '../door.ts';
import { sweepLocks } from '../locks.ts';
import { overWire, type Wire } from './wire.ts';

/** All branches and tags. Pull requests are fetched one by one, because a repository may have thousands. */
const ALL = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

/** How one call of ours reaches the source. It may be made again, with other credentials. */
export type Reach = (use: (wire: Wire) => Promise<void>) => Promise<void>;

type Limits = Pick<Call, 'signal' | 'onOutput' | 'silenceMs'>;

/**
 * Updates our bare copy of a repository on another machine, or makes it. If nothing has moved there, this is one exchange,
 * in which nothing but the list of branches and tags is sent. Only one process at a time may call this.
 *
 * The first copy is made under another name, and gets its own when it is complete: nobody ever uses a part. It is fetched in
 * two steps, the default branch first. An attempt that was killed goes on with the step that it was in.
 */
export async function refreshOverWire(
  copy: Repository,
  reach: Reach,
  { defaultBranch, ...limits }: { defaultBranch: string } & Limits,
): Promise<void> {
  if (await isRepository(copy)) {
    await reach((wire) => bring(copy, wire, ALL, limits));
    await nameHead(copy, defaultBranch);
    return tidy(copy, limits);
  }
  const draft = { gitDir: `${copy.gitDir}.draft` };
  if (await isRepository(draft)) await clean(draft);
  else await create(draft, 'sha1');
  await reach((wire) => first(draft, wire, defaultBranch, limits));
  await nameHead(draft, defaultBranch);
  await rm(copy.gitDir, { recursive: true, force: true });
  await rename(draft.gitDir, copy.gitDir);
}

/** Fetches a ref that is neither branch nor tag, such as `refs/pull/17/head`, under its own name. False: there is none. */
export async function fetchRef(copy: Repository, reach: Reach, ref: string, limits: Limits = {}): Promise<boolean> {
  let found = true;
  await reach(async (wire) => {
    found = await fetched(copy, wire, `+${ref}:${ref}`, limits);
  });
  return found;
}

/** Fetches a commit that no branch has any more. False: the other end does not give it away. */
export async function fetchCommit(
  copy: Repository,
  reach: Reach,
  commit: string,
  limits: Limits = {},
): Promise<boolean> {
  let found = true;
  await reach(async (wire) => {
    found = await fetched(copy, wire, commitId(commit), limits);
  });
  return found;
}

/** What git and servers say of a ref or commit that is not there. */
const ABSENT = /couldn't find remote ref|not our ref|no such remote ref|unadvertised object/i;

async function fetched(copy: Repository, wire: Wire, wanted: string, limits: Limits): Promise<boolean> {
  try {
    await fetch(copy, wire, [wanted], limits);
    return true;
  } catch (failure) {
    if (failure instanceof GitFailed && ABSENT.test(failure.stderr)) return false;
    throw failure;
  }
}

async function first(draft: Repository, wire: Wire, defaultBranch: string, limits: Limits): Promise<void> {
  const name = `refs/heads/${defaultBranch}`;
  try {
    await fetch(draft, wire, [`+${name}:${name}`], limits);
  } catch (failure) {
    if (!(failure instanceof GitFailed)) throw failure;
    const format = /mismatched algorithms: client \w+; server (\w+)/.exec(failure.stderr)?.[1];
    if (format !== undefined) await create(draft, format);
    // An empty repository has no branch yet.
    else if (!ABSENT.test(failure.stderr)) throw failure;
  }
  await bring(draft, wire, ALL, limits);
}

/**
 * Updates all refs in one step, so that a branch and its base are of the same time. Git cannot do that where one name became
 * a folder of another (`a`, `a/b`).
 */
async function bring(copy: Repository, wire: Wire, refs: readonly string[], limits: Limits): Promise<void> {
  try {
    await fetch(copy, wire, refs, limits, ['--prune', '--atomic']);
  } catch (failure) {
    if (!(failure instanceof GitFailed) || !/cannot create|cannot lock ref.*exists/.test(failure.stderr)) throw failure;
    await fetch(copy, wire, refs, limits, ['--prune']);
  }
}

async function fetch(
  copy: Repository,
  wire: Wire,
  wanted: readonly string[],
  limits: Limits,
  more: readonly string[] = [],
): Promise<void> {
  const options = ['--progress', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', ...more];
  await overWire(copy, wire, ['fetch', ...options, wire.url, ...wanted], limits);
}

/** How many packs a copy may have. Each fetch adds one, and git looks through all of them. */
const PACKS = 50;
/** How old a part of a pack must be until nobody can be writing it, in milliseconds. */
const PART_MS = 3_600_000;

/** Joins small packs. Nothing is removed, because checkouts share our objects, also those that no branch has any more. */
async function tidy(copy: Repository, { signal }: Limits): Promise<void> {
  const files = await packsOf(copy);
  await sweepParts(copy, files, PART_MS);
  if (files.filter((name) => name.endsWith('.pack')).length <= PACKS) return;
  try {
    await git(copy, ['repack', '--quiet', '--geometric=2', '-d', '--no-write-bitmap-index'], {
      kind: 'transfer',
      signal,
    });
  } catch (failure) {
    if (!(failure instanceof GitFailed)) throw failure; // the next fetch tries again
  }
}

async function nameHead(copy: Repository, branch: string): Promise<void> {
  const named = `ref: refs/heads/${branch}`;
  if ((await readFile(path.join(copy.gitDir, 'HEAD'), 'utf8')).trim() === named) return;
  await git(copy, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { kind: 'write' });
}

async function isRepository(copy: Repository): Promise<boolean> {
  return (await formatOf(copy).catch(() => undefined)) !== undefined;
}

async function create({ gitDir }: Repository, format: string): Promise<void> {
  await rm(gitDir, { recursive: true, force: true });
  await mkdir(path.dirname(gitDir), { recursive: true });
  await initialize(gitDir, ['--bare', `--object-format=${format}`]);
}

/** What a killed git has left in a copy that nobody else uses: locks, and packs that are not whole. */
async function clean(draft: Repository): Promise<void> {
  await sweepLocks(draft, 0);
  await sweepParts(draft, await packsOf(draft), 0);
}

/** Removes parts of packs that are at least this old, in milliseconds. */
async function sweepParts({ gitDir }: Repository, names: readonly string[], ageMs: number): Promise<void> {
  for (const name of names.filter((each) => each.startsWith('tmp_'))) {
    const file = path.join(gitDir, 'objects', 'pack', name);
    const found = await stat(file).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs >= ageMs) await rm(file, { force: true });
  }
}

const packsOf = ({ gitDir }: Repository): Promise<string[]> =>
  readdir(path.join(gitDir, 'objects', 'pack')).catch((): string[] => []);
