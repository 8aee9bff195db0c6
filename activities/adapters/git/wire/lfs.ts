import { randomUUID } from 'node:crypto';
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { commitId } from '../commits.ts';
import { git, type Call, type Repository } from '../door.ts';
import { overWire, type Login, type Naming, type Wire } from './wire.ts';

type Limits = Pick<Call, 'signal' | 'onOutput' | 'silenceMs'>;

const API = '/info/lfs';
/** A pointer is smaller than this, in bytes (git-lfs's own limit). */
const POINTER_BYTES = 1_024;
const AT_ONCE = 200;

/** Brings the contents of a commit's git-lfs files into our copy. Those that we have are not fetched again. */
export async function fetchLfs(copy: Repository, wire: Wire, commit: string, limits: Limits = {}): Promise<void> {
  await lfs(copy, wire, ['fetch', '--include=', '--exclude=', wire.url, commitId(commit)], limits);
}

/** Sends the contents of git-lfs files that these commits add, before the commits themselves are pushed. */
export async function pushLfs(
  copy: Repository,
  wire: Wire,
  { next, storage }: { next: string; storage: string },
  limits: Limits = {},
): Promise<void> {
  const ids = await addedPointers(copy, next);
  const kept = await Promise.all(ids.map(async (id) => ((await isKept(storage, id)) ? [id] : [])));
  const sent = kept.flat();
  for (let at = 0; at < sent.length; at += AT_ONCE) {
    await lfs(copy, wire, ['push', '--object-id', wire.url, ...sent.slice(at, at + AT_ONCE)], limits);
  }
}

/** The repository's `.lfsconfig` decides nothing: all that it may set is set here. */
async function lfs(copy: Repository, wire: Wire, args: readonly string[], limits: Limits): Promise<void> {
  const refused = path.join(copy.gitDir, `gatehouse-refused-${randomUUID()}`);
  const settings = [
    `lfs.url=${wire.url}${API}`,
    `lfs.pushurl=${wire.url}${API}`,
    `lfs.${wire.url}${API}.locksverify=false`,
    `lfs.${wire.url}${API}.access=${wire.login ? 'basic' : 'none'}`,
    'lfs.locksverify=false',
    'lfs.skipdownloaderrors=false',
    'lfs.forceprogress=true',
    'lfs.concurrenttransfers=4',
  ];
  try {
    await overWire(copy, wire, ['lfs', ...args], { ...limits, settings, naming: byHelper(refused) });
  } finally {
    await rm(refused, { force: true });
  }
}

/**
 * When git-lfs fails, it writes a log into our copy, with all variables whose name has `GIT_` in it. So it gets no header, but
 * asks a helper, which is a line of shell without a secret. Git asks that for the repository's host and port only. Refused
 * credentials are noted in a file and not given again, because git-lfs would ask for ever.
 */
const byHelper =
  (refused: string) =>
  (url: string, { username, password }: Login): Naming => ({
    settings: [`credential.${new URL(url).origin}.helper=${HELPER}`],
    env: { WIRE_USERNAME: username, WIRE_PASSWORD: password, WIRE_REFUSED: refused },
  });
const HELPER =
  '!f() { case $1 in erase) : > "$WIRE_REFUSED";; get) test -e "$WIRE_REFUSED" || ' +
  `printf 'username=%s\\npassword=%s\\n' "$WIRE_USERNAME" "$WIRE_PASSWORD";; esac; }; f`;

const isKept = (storage: string, id: string): Promise<boolean> =>
  access(path.join(storage, 'objects', id.slice(0, 2), id.slice(2, 4), id)).then(
    () => true,
    () => false,
  );

/** The ids of contents whose pointers are in this commit's history, but on no branch of our copy. */
async function addedPointers(copy: Repository, next: string): Promise<string[]> {
  const listed = await git(copy, ['rev-list', '--objects', '--no-object-names', commitId(next), '--not', '--branches']);
  const sizes = await git(copy, ['cat-file', '--batch-check=%(objectname) %(objecttype) %(objectsize)'], {
    input: `${listed.stdout}\n`,
  });
  const small = sizes.stdout.split('\n').flatMap((line) => {
    const [id = '', type, size] = line.split(' ');
    return type === 'blob' && Number(size) < POINTER_BYTES ? [id] : [];
  });
  if (small.length === 0) return [];
  const { stdout } = await git(copy, ['cat-file', '--batch'], { input: `${small.join('\n')}\n`, bytes: true });
  const pointers = stdout.matchAll(
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[\w.-]+ .*\n)*?oid sha256:([0-9a-f]{64})$/gm,
  );
  return [...new Set([...pointers].map(([, id = '']) => id))];
}
