import { constants } from 'node:fs';
import {
  appendFile,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from './checkout.ts';
import { initialize, type Repository } from './door.ts';
import { lfsConfig } from './lfs.ts';
import { identityOf, noteIdentity } from './signing.ts';

/** The folder is no longer a checkout with its own git folder. The message says what was found instead. */
export class NotACheckout extends Error {
  override readonly name = 'NotACheckout';
}

/** The plain files in a git folder that are its state. Configuration, hooks, attributes and locks are not. */
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
  'logs/HEAD',
  'logs/refs/stash',
];
const REFS_MOST = 20_000;
const REF_BYTES = 4_096;
const FILE_BYTES = 1_024 * 1_024 * 1_024;

/**
 * Lets our git work on a checkout in which somebody else has worked, through a new git folder of our own at `scratch`, with
 * our configuration. HEAD, index, refs and the state of an unfinished merge are copied into it as data, plain object files
 * are linked, and everything that we add or commit stays in it. So nothing that was configured, linked, locked or replaced
 * in the checkout's `.git` affects our git, and we write nothing there. `copy` is our copy of the repository. The caller
 * removes `scratch`. Throws `NotACheckout` if the git folder no longer exists.
 */
export async function viewOf(tree: string, scratch: string, copy: Repository): Promise<Repository> {
  await viewOfFolder(path.join(tree, '.git'), scratch, { format: await formatOf(copy), objects: copy });
  return { gitDir: scratch, workTree: tree };
}

/** Like `viewOf`, for a git folder without a checkout. */
export async function viewOfFolder(
  theirs: string,
  scratch: string,
  { format, objects }: { format: string; objects?: Repository },
): Promise<Repository> {
  const view = await objectsOf(theirs, scratch, format);
  // Every call names the checkout, so the git folder's own record of it must not interfere.
  const lfs = objects ? await lfsConfig(objects) : '';
  await appendFile(path.join(scratch, 'config'), `[core]\n\tbare = false\n${lfs}`);
  if (objects) {
    await shareObjects(view, objects);
    await noteIdentity(view, await identityOf(objects));
  }

  const shared = (await readdir(theirs)).filter((name) => /^sharedindex\.[0-9a-f]+$/.test(name));
  for (const name of [...STATE, ...shared]) await take(theirs, scratch, name, FILE_BYTES);
  await mustBeHead(path.join(scratch, 'HEAD'));
  await takeRefs(theirs, scratch);
  return view;
}

/** The objects of a git folder, without anything else of it, in a new git folder of our own. */
export async function objectsOf(theirs: string, scratch: string, format: string): Promise<Repository> {
  await mustBeFolder(theirs);
  await mustBeFolder(path.join(theirs, 'objects'));
  await rm(scratch, { recursive: true, force: true });
  await mkdir(path.dirname(scratch), { recursive: true });
  await initialize(scratch, [`--object-format=${format}`, '--initial-branch=none']);
  await takeObjects(path.join(theirs, 'objects'), path.join(scratch, 'objects'));
  return { gitDir: scratch };
}

/** Gives one git folder of ours access to the objects of another. */
export const shareObjects = ({ gitDir }: Repository, other: Repository): Promise<void> =>
  writeFile(path.join(gitDir, 'objects', 'info', 'alternates'), `${path.join(other.gitDir, 'objects')}\n`);

/**
 * Links the objects that are plain files. Links, pipes and the `info` folder, which names other places for objects, are
 * omitted, so a commit that needs them is incomplete for us.
 */
async function takeObjects(from: string, to: string): Promise<void> {
  for (const folder of await readdir(from, { withFileTypes: true })) {
    if (!folder.isDirectory() || !/^(?:[0-9a-f]{2}|pack)$/.test(folder.name)) continue;
    await mkdir(path.join(to, folder.name), { recursive: true });
    const files = await readdir(path.join(from, folder.name), { withFileTypes: true });
    const taken = files.filter((file) => file.isFile() && OBJECTS.test(file.name));
    for (let at = 0; at < taken.length; at += AT_A_TIME) {
      const some = taken.slice(at, at + AT_A_TIME).map(({ name }) => path.join(folder.name, name));
      await Promise.all(some.map((name) => sameFile(path.join(from, name), path.join(to, name))));
    }
  }
}
const OBJECTS = /^(?:[0-9a-f]{38}|[0-9a-f]{62}|pack-[0-9a-f]+\.(?:pack|idx))$/;
const AT_A_TIME = 64;

/** Links a file, or copies it if it cannot be linked because it belongs to another user. */
const sameFile = (from: string, to: string) => link(from, to).catch(() => copyFile(from, to));

/**
 * With an unreadable HEAD, git would not accept the folder as a repository. Such a HEAD is replaced by a branch that does
 * not exist.
 */
async function mustBeHead(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!/^(?:ref: *refs\/\S+|[0-9a-f]{40}|[0-9a-f]{64})\s*$/.test(text)) await writeFile(file, 'ref: refs/heads/none\n');
}

/** Copies every ref that is a small plain file. */
async function takeRefs(from: string, to: string): Promise<void> {
  let left = REFS_MOST;
  const folders = ['refs'];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await mustBeFolder(path.join(from, folder));
    for (const entry of await readdir(path.join(from, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if ((left -= 1) < 0) throw new NotACheckout(`Its .git has more than ${REFS_MOST} refs.`);
      if (entry.isDirectory()) folders.push(name);
      else if (/^refs\/(?:heads|tags)$/.test(name))
        throw new NotACheckout('Its .git stores refs in another form than files.');
      else if (entry.isFile()) await take(from, to, name, REF_BYTES);
    }
  }
}

/** Copies one plain file of at most this many bytes, without following links or waiting for pipes. */
async function take(from: string, to: string, name: string, most: number): Promise<void> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path.join(from, name), flags).catch(() => undefined);
  if (file === undefined) return;
  try {
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: Infinity }));
    if (size > most) return;
    const made = path.join(to, name);
    await mkdir(path.dirname(made), { recursive: true });
    await writeFile(made, await file.readFile());
    // Git checks files that changed after their index was written, so the copy must not look newer.
    const written = Math.floor((await file.stat()).mtimeMs / 1_000);
    await utimes(made, written, written);
  } finally {
    await file.close();
  }
}

async function mustBeFolder(place: string): Promise<void> {
  const found = await lstat(place).catch(() => undefined);
  if (found?.isDirectory()) return;
  const instead = found === undefined ? 'nothing' : found.isSymbolicLink() ? 'a link' : 'something else';
  throw new NotACheckout(
    `It is no longer a git checkout: expected the folder ${path.basename(place)}, found ${instead}.`,
  );
}
