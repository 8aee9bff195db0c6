import { createHash } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ask, lookAt, type Checkout, type Difference } from './checkout.ts';
import { openAsItIs } from './reading.ts';

/**
 * Puts back files that only git's own conversions have changed, of line ends above all: where a file still has just the
 * bytes that a checkout gives it, nobody has changed it, whatever git would store for it today.
 * `before` and `after`: in what the index differed from HEAD before everything was added to it, and differs since. Answers
 * whether there were any.
 */
export async function keptAsTheyWere(
  checkout: Checkout,
  before: readonly Difference[],
  after: readonly Difference[],
): Promise<boolean> {
  const staged = new Map(before.map((each) => [each.path, each.to]));
  const changed = after.flatMap(({ path, from, to }) => {
    const was = staged.get(path) ?? from;
    return was.mode === to.mode && was.id !== to.id && isFile(to.mode) ? [{ path, was, is: to }] : [];
  });
  const same: Entry[] = [];
  const converted: Entry[] = [];
  for (const entry of changed) {
    if ((await lookAt(checkout, entry.path)).is !== 'file') continue;
    const raw = await blobIdOf(path.join(checkout.tree, entry.path), entry.is.id.length);
    if (raw === entry.was.id) same.push(entry);
    else if (raw !== entry.is.id) converted.push({ ...entry, raw });
  }
  same.push(...(await asCheckedOut(checkout, converted)));
  if (same.length === 0) return false;
  await ask(checkout, ['update-index', '-z', '--index-info'], { kind: 'write', input: linesOf(same) });
  return true;
}

interface Entry {
  path: string;
  was: { mode: string; id: string };
  raw?: string;
}

const isFile = (mode: string) => mode.startsWith('100');
const linesOf = (entries: readonly Entry[]) =>
  entries.map(({ path, was: { mode, id } }) => `${mode} ${id}\t${path}\0`).join('');

/** Those of the entries whose files are just what git writes when it checks them out. */
async function asCheckedOut(checkout: Checkout, entries: readonly Entry[]): Promise<Entry[]> {
  if (entries.length === 0) return [];
  const folder = path.join(checkout.view.gitDir, 'as-checked-out');
  const env = { GIT_INDEX_FILE: `${folder}.index` };
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await ask(checkout, ['update-index', '-z', '--index-info'], { kind: 'write', input: linesOf(entries), env });
  const out = ['checkout-index', '--all', '--quiet', `--prefix=${folder}/`];
  await ask(checkout, out, { kind: 'checkout', env });
  const same: Entry[] = [];
  for (const entry of entries) {
    const file = path.join(folder, entry.path);
    const written = (await lstat(file).catch(() => undefined))?.isFile() === true;
    if (written && (await blobIdOf(file, entry.raw!.length)) === entry.raw) same.push(entry);
  }
  await rm(folder, { recursive: true, force: true });
  return same;
}

/** The id that git gives a file's bytes as they are. */
async function blobIdOf(file: string, length: number): Promise<string> {
  const handle = await openAsItIs(file);
  const { size } = await handle.stat();
  const hash = createHash(length === 64 ? 'sha256' : 'sha1').update(`blob ${size}\0`);
  for await (const chunk of handle.createReadStream({ autoClose: true })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
