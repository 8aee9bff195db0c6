import { randomUUID } from 'node:crypto';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { commitId, commitOf } from '../commits.ts';
import { git, type Repository } from '../door.ts';

/** The most that a bundle may have, in bytes. A larger one is not kept. */
export const BUNDLE_BYTES = 64 * 1_024 * 1_024;

/**
 * Commits that could not be published, as a git bundle: `git fetch <file> <branch>` gets them into any clone that has the
 * base. Undefined: the bundle is too large.
 */
export async function bundleOf(
  copy: Repository,
  { branch, base, commit }: { branch: string; base: string; commit: string },
  most = BUNDLE_BYTES,
): Promise<Buffer | undefined> {
  const ref = `refs/heads/${branch}`;
  const name = `gatehouse-bundle-${randomUUID()}`;
  const made = `refs/${name}/${branch}`;
  const file = path.join(copy.gitDir, name);
  try {
    await git(copy, ['update-ref', made, commitId(commit)], { kind: 'write' });
    const known = (await commitOf(copy, base)) === undefined ? [] : [`^${commitId(base)}`];
    await git(copy, ['bundle', 'create', '--quiet', file, made, ...known], { kind: 'transfer' });
    if ((await stat(file)).size > most) return undefined;
    return renamed(await readFile(file), made, ref);
  } finally {
    await rm(file, { force: true });
    await git(copy, ['update-ref', '-d', made], { kind: 'write', okCodes: [0, 1, 128] });
  }
}

/** The branch is elsewhere in our copy, so the bundle's header, which ends with an empty line, names another ref. */
function renamed(bundle: Buffer, from: string, to: string): Buffer {
  const end = bundle.indexOf('\n\n');
  const header = bundle.subarray(0, end).toString().replaceAll(` ${from}`, ` ${to}`);
  return Buffer.concat([Buffer.from(header), bundle.subarray(end)]);
}

/** Work that could not be published. */
export interface Unpublished {
  /** The repository's canonical name. */
  repository: string;
  branch: string;
  commit: string;
  bytes: Uint8Array;
}

/** Keeps a bundle where people find it, and returns what they are told: how to get it. */
export type KeepBundle = (bundle: Unpublished) => Promise<string>;
