import { lstat, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { makeCheckout } from '../../git/checkout.ts';
import type { Repository } from '../../git/door.ts';
import { submodulesAt, type Submodule } from '../../git/wire/submodules.ts';
import { Refused } from '../failures.ts';

/** How deep submodules of submodules are checked out, and how many in all. */
const DEPTH = 5;
const MOST = 100;

/** Brings our copy of another repository, with this commit. */
export type CopyAt = (url: string, commit: string) => Promise<Repository>;

/**
 * Checks submodules out into a checkout that nobody uses yet. Those on another host stay empty: that is reported when the
 * run begins.
 */
export async function addSubmodules(
  checkout: Repository,
  { copy, commit, url }: { copy: Repository; commit: string; url: string },
  copyAt: CopyAt,
): Promise<void> {
  let left = MOST;
  const add = async (tree: string, at: { copy: Repository; commit: string; url: string }, depth: number) => {
    for (const each of await submodulesAt(at.copy, at.commit)) {
      const address = addressOf(each, at.url);
      if (address === undefined) continue;
      if (depth > DEPTH || (left -= 1) < 0) {
        throw new Refused(`Submodules of ${url} are nested more than ${DEPTH} deep, or more than ${MOST}.`, 400, '');
      }
      const folder = await emptyFolder(tree, each.path);
      if (folder === undefined) continue;
      const of = await copyAt(address, each.commit);
      const made = path.join(checkout.gitDir, 'gatehouse-submodule');
      await rm(made, { recursive: true, force: true });
      await makeCheckout(of, each.commit, made);
      await rmdir(folder);
      await rename(made, folder);
      await add(folder, { copy: of, commit: each.commit, url: address }, depth + 1);
    }
  };
  await add(checkout.workTree!, { copy, commit, url }, 1);
}

/**
 * The address of a submodule's repository over HTTP, on the host and port of the repository that has it. Undefined: it is
 * elsewhere, or in no form that we read.
 */
export function addressOf({ url: written }: Pick<Submodule, 'url'>, parent: string): string | undefined {
  if (written === undefined) return undefined;
  const base = new URL(parent);
  const ssh = /^(?:ssh:\/\/)?(?:[\w.-]+@)?([\w.-]+)(?::\d+)?[:/](?!\/)(.+)$/;
  let found: URL;
  if (/^\.\.?\//.test(written)) {
    found = new URL(`${parent.replace(/\/+$/, '')}/${written}`);
  } else if (/^https?:\/\//i.test(written)) {
    if (!URL.canParse(written)) return undefined;
    found = new URL(written);
    if (found.origin !== base.origin) return undefined;
  } else {
    const [, host, place] = /^ssh:\/\/|^[\w.-]+@/.test(written) ? (ssh.exec(written) ?? []) : [];
    if (host === undefined || host.toLowerCase() !== base.hostname) return undefined;
    found = new URL(`/${place}`, base);
  }
  const name = found.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  const isPlace = /^(?:\/[\w.~-]+){2,}$/.test(name) && found.search === '' && found.hash === '';
  return isPlace ? `${base.origin}${name}.git` : undefined;
}

/** The empty folder that git made for a submodule. Undefined: something else is there, or a link leads elsewhere. */
async function emptyFolder(tree: string, name: string): Promise<string | undefined> {
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git'))
    return undefined;
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const found = await lstat(path.join(tree, ...parts.slice(0, depth))).catch(() => undefined);
    if (!found?.isDirectory()) return undefined;
  }
  return path.join(tree, ...parts);
}
