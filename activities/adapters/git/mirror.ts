import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from './checkout.ts';
import { git, GitFailed, initialize, type Repository } from './door.ts';
import { readRefs, type Refs } from './refs.ts';
import { fetchFrom } from './transfer.ts';

const BRANCHES = '+refs/heads/*:refs/heads/*';
const TAGS = '+refs/tags/*:refs/tags/*';
/** The refs of the source when the copy was last updated. */
const SEEN = 'gatehouse-seen';
/** Changes when copies made by older builds must be updated even if nothing has moved. */
const FORM = 'branches are at refs/heads\n';

/**
 * Updates our bare copy of a repository on this machine, or creates it. It has the repository's branches, tags and HEAD, so
 * a checkout can fetch and pull from it as from any remote. If nothing has moved, git is called only once. Only one process
 * at a time may call this.
 */
export async function refresh(copy: Repository, source: Repository & { commonDir: string }): Promise<void> {
  await mustBeWhole(source);
  const refs = await readRefs(source, ['refs/heads', 'refs/tags']);
  if ((await seenBy(copy)) === textOf(refs)) return;

  const format = await formatOf(source);
  const kept = await formatOf(copy).catch(() => undefined);
  if (kept !== format) await create(copy.gitDir, format);
  await takesNoPush(copy);
  await rm(path.join(copy.gitDir, SEEN), { force: true });
  await bring(copy, source, refs);
  await dropOldForm(copy);
  // The source may have moved since we read it. What we have now is what counts.
  const have = await readRefs(copy, ['refs/heads', 'refs/tags']);
  await writeFile(path.join(copy.gitDir, SEEN), textOf({ at: have.at, broken: refs.broken }));
}

/** Branches in our copy, all read from the source at one time. A branch that was broken at the source is unknown. */
export async function branchesOf(copy: Repository, branches: readonly string[]): Promise<Refs> {
  const { at } = await readRefs(
    copy,
    branches.map((branch) => `refs/heads/${branch}`),
  );
  const seen = await seenBy(copy);
  const broken = seen?.split('\n').flatMap((line) => (line.startsWith('broken ') ? [line.slice(7)] : [])) ?? [];
  return { at, broken: new Set(broken) };
}

/**
 * A ref that is broken at the source keeps its old value here, because it may be repaired. With a broken ref, git itself
 * would fetch nothing.
 */
async function bring(copy: Repository, source: Repository & { commonDir: string }, { at, broken }: Refs) {
  if (broken.size === 0) await fetchFrom(copy, source.commonDir, [BRANCHES, TAGS], { prune: true });
  else if (at.size > 0) {
    const wanted = [...at.keys()].map((name) => `+${name}:${name}`);
    await fetchFrom(copy, source.commonDir, ['--stdin'], { input: `${wanted.join('\n')}\n` });
  }
  const head = await git(source, ['symbolic-ref', '--quiet', 'HEAD'], { okCodes: [0, 1, 128] });
  const named = head.code === 0 && head.stdout.startsWith('refs/heads/') ? head.stdout : 'refs/heads/none';
  await git(copy, ['symbolic-ref', 'HEAD', named], { kind: 'write' });
}

/** Older builds kept the branches at `refs/remotes/origin/*`. */
async function dropOldForm(copy: Repository): Promise<void> {
  const { at } = await readRefs(copy, ['refs/remotes/origin']);
  if (at.size === 0) return;
  const input = [...at.keys()].map((name) => `delete ${name}\0\0`).join('');
  await git(copy, ['update-ref', '--stdin', '-z'], { kind: 'write', input });
}

async function create(copy: string, format: string): Promise<void> {
  await rm(copy, { recursive: true, force: true });
  await mkdir(path.dirname(copy), { recursive: true });
  await initialize(copy, ['--bare', `--object-format=${format}`]);
}

/** Refuses an agent's `git push` to our copy, where the pushed commits would seem to belong to the repository. */
async function takesNoPush(copy: Repository): Promise<void> {
  const config = path.join(copy.gitDir, 'config');
  if (!(await readFile(config, 'utf8')).includes(NO_PUSH)) await appendFile(config, NO_PUSH);
}
const NO_PUSH = '[receive]\n\thideRefs = refs\n';

/** Refuses a shallow clone, because an incomplete history can be neither merged nor published. */
export async function mustBeWhole(source: Repository & { commonDir: string }): Promise<void> {
  if (await isShallow(source)) {
    throw new GitFailed(['fetch'], `fatal: ${source.commonDir} is a shallow clone: git fetch --unshallow`, 128);
  }
}

export const isShallow = async ({ commonDir }: { commonDir: string }): Promise<boolean> =>
  (await stat(path.join(commonDir, 'shallow')).catch(() => undefined))?.isFile() === true;

const seenBy = (copy: Repository): Promise<string | undefined> =>
  readFile(path.join(copy.gitDir, SEEN), 'utf8').catch(() => undefined);

/** One line with the hash of all refs, and one line for each broken ref. */
function textOf({ at, broken }: Refs): string {
  const all = createHash('sha256').update(FORM);
  for (const [name, commit] of [...at].sort(([a], [b]) => (a < b ? -1 : 1))) all.update(`${commit} ${name}\n`);
  return [all.digest('hex'), ...[...broken].sort().map((name) => `broken ${name}`)].join('\n');
}
