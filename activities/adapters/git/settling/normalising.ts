import { createHash } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openAsItIs } from '../../files/reading.ts';
import type { Difference } from '../differences.ts';
import { git, type Call, type Repository } from '../door.ts';
import { ask, lookAt, type Checkout } from './checkout.ts';

/**
 * Restores files that only git's own conversions have changed, mostly line ends. A file with exactly the bytes that a
 * checkout writes is unchanged, whatever git would store for it now. `before` and `after`: how the index differed from HEAD
 * before and after everything was added. Returns whether any file was restored.
 */
export async function keptAsTheyWere(
  checkout: Checkout,
  before: readonly Difference[],
  after: readonly Difference[],
): Promise<boolean> {
  const staged = new Map(before.map((each) => [each.path, each.to]));
  const changed = after.flatMap(({ path, from, to }) => {
    const was = staged.get(path) ?? from;
    return was.mode === to.mode && was.id !== to.id ? [{ path, was, is: to.id }] : [];
  });
  const scratch = path.join(checkout.view.gitDir, 'as-checked-out');
  const same = await asTheyWere({ ...checkout.view, workTree: checkout.tree }, changed, scratch, checkout.limits);
  if (same.length === 0) return false;
  await ask(checkout, ['update-index', '-z', '--index-info'], { kind: 'write', input: linesOf(same) });
  return true;
}

/** A file of a checkout, and git's entry for it. `is`: what git would store for it now, if known. */
export interface Entry {
  path: string;
  was: { mode: string; id: string };
  is?: string;
}

/**
 * Returns the files that are as git stores them, or exactly as it writes them at checkout. `scratch`: a temporary folder of
 * ours.
 */
export async function asTheyWere(
  where: Repository & { workTree: string },
  entries: readonly Entry[],
  scratch: string,
  call: Call = {},
): Promise<Entry[]> {
  const same: Entry[] = [];
  const converted: (Entry & { raw: string })[] = [];
  for (const entry of entries.filter(({ was }) => was.mode.startsWith('100'))) {
    if ((await lookAt({ tree: where.workTree }, entry.path)).is !== 'file') continue;
    const raw = await blobIdOf(path.join(where.workTree, entry.path), entry.was.id.length);
    if (raw === entry.was.id) same.push(entry);
    else if (raw !== entry.is) converted.push({ ...entry, raw });
  }
  if (converted.length === 0) return same;

  const env = { GIT_INDEX_FILE: `${scratch}.index` };
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch);
  const write = ['update-index', '-z', '--index-info'];
  await git(where, write, { ...call, kind: 'write', input: linesOf(converted), env });
  await git(where, ['checkout-index', '--all', '--quiet', `--prefix=${scratch}/`], { ...call, kind: 'checkout', env });
  for (const { raw, ...entry } of converted) {
    const file = path.join(scratch, entry.path);
    const written = (await lstat(file).catch(() => undefined))?.isFile() === true;
    if (written && (await blobIdOf(file, raw.length)) === raw) same.push(entry);
  }
  await rm(scratch, { recursive: true, force: true });
  return same;
}

const linesOf = (entries: readonly Entry[]) =>
  entries.map(({ path, was: { mode, id } }) => `${mode} ${id}\t${path}\0`).join('');

/** The id that git gives a file's bytes without conversion. */
async function blobIdOf(file: string, length: number): Promise<string> {
  const handle = await openAsItIs(file);
  const { size } = await handle.stat();
  const hash = createHash(length === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`);
  for await (const chunk of handle.createReadStream({ autoClose: true })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
