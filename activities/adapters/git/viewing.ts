import { constants } from 'node:fs';
import { appendFile, lstat, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from './checkout.ts';
import { initialize, type Repository } from './door.ts';

/** The folder is no checkout with a git folder of its own any more; the message says what is there instead. */
export class NotACheckout extends Error {
  override readonly name = 'NotACheckout';
}

/** What of a git folder is its state, as plain files. No configuration, no hooks, no attributes, no locks. */
const STATE = [
  'HEAD',
  'ORIG_HEAD',
  'MERGE_HEAD',
  'MERGE_MSG',
  'MERGE_MODE',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'BISECT_START',
  'packed-refs',
  'index',
  'info/exclude',
  'logs/refs/stash',
];
const REFS_MOST = 20_000;
const REF_BYTES = 4_096;
const FILE_BYTES = 1_024 * 1_024 * 1_024;

/**
 * A checkout in which somebody else has worked, as our git may see it: through a git folder of our own at `scratch`, which
 * is made anew, with our configuration. HEAD, index, refs and the marks of an unfinished merge are copied into it as data;
 * objects are read where they are, and what we add or commit is kept in it. So nothing that was configured, linked, locked
 * or replaced in the checkout's `.git` reaches our git, and nothing of ours is written there. `copy` is our copy of the
 * repository. Whoever calls removes `scratch`. Throws `NotACheckout` where there is no such git folder any more.
 */
export async function viewOf(tree: string, scratch: string, copy: Repository): Promise<Repository> {
  const theirs = path.join(tree, '.git');
  await mustBe(theirs, 'folder');
  await mustBe(path.join(theirs, 'objects'), 'folder');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(path.dirname(scratch), { recursive: true });
  await initialize(scratch, [`--object-format=${await formatOf(copy)}`, '--initial-branch=none']);
  // The checkout is named in every call: the folder's own idea of where it is must not be in the way.
  await appendFile(path.join(scratch, 'config'), '[core]\n\tbare = false\n');
  const objects = [path.join(theirs, 'objects'), path.join(copy.gitDir, 'objects')];
  await writeFile(path.join(scratch, 'objects', 'info', 'alternates'), objects.map((each) => `${each}\n`).join(''));

  const shared = (await readdir(theirs)).filter((name) => /^sharedindex\.[0-9a-f]+$/.test(name));
  for (const name of [...STATE, ...shared]) await take(theirs, scratch, name, FILE_BYTES);
  await takeRefs(theirs, scratch);
  return { gitDir: scratch, workTree: tree };
}

/** Copies every ref that is a small plain file. */
async function takeRefs(from: string, to: string): Promise<void> {
  let left = REFS_MOST;
  const folders = ['refs'];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await mustBe(path.join(from, folder), 'folder');
    for (const entry of await readdir(path.join(from, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if ((left -= 1) < 0) throw new NotACheckout(`Its .git has more than ${REFS_MOST} refs.`);
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) await take(from, to, name, REF_BYTES);
    }
  }
}

/** Copies one file, where it is a plain one of at most so many bytes: no link is followed, no pipe is waited for. */
async function take(from: string, to: string, name: string, most: number): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path.join(from, name), flags).catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: Infinity }));
    if (size > most) return;
    await mkdir(path.dirname(path.join(to, name)), { recursive: true });
    await writeFile(path.join(to, name), await file.readFile());
  } finally {
    await file.close();
  }
}

async function mustBe(place: string, what: 'folder'): Promise<void> {
  const found = await lstat(place).catch(() => undefined);
  if (found?.isDirectory()) return;
  const instead = found === undefined ? 'nothing' : found.isSymbolicLink() ? 'a link' : 'no folder';
  throw new NotACheckout(
    `It is no git checkout any more: where ${path.basename(place)} was a ${what} there is ${instead}.`,
  );
}
