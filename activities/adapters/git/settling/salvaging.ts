import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { clear, isFolder } from '../../files/clearing.ts';
import { formatOf } from '../checkout.ts';
import { git } from '../door.ts';
import { objectsOf, shareObjects } from '../viewing.ts';
import type { Checkout } from './checkout.ts';
import { kept, notesOnLeft, unnamed, type Keep } from './left-behind.ts';

/**
 * Keeps an agent's commits if its refs cannot be read: all commits among its own objects that no other commit leads to. If
 * these cannot be read either, keeps its git folder next to the bundles. Returns notes that say where everything is.
 */
export async function salvaged(from: Omit<Checkout, 'view'> & { scratch: string; keep: Keep }): Promise<string[]> {
  const { tree, begun, copy, limits, scratch, keep } = from;
  const theirs = path.join(tree, '.git');
  if (!(await isFolder(theirs))) return ['None of its commits could be kept.'];
  try {
    const view = { ...(await objectsOf(theirs, scratch, await formatOf(copy))), workTree: tree };
    const list = ['cat-file', '--batch-all-objects', '--unordered', '--batch-check=%(objectname) %(objecttype)'];
    const objects = (await git(view, list, limits)).stdout.split('\n');
    const past = objects.flatMap((line) => (line.endsWith(' commit') ? [line.split(' ', 1)[0]!] : []));
    await shareObjects(view, copy);
    const checkout = { tree, begun, copy, limits, view };
    const left = await unnamed(checkout, { past }, [begun.start]);
    return notesOnLeft(left, await kept(checkout, left, keep));
  } catch (failure) {
    if (limits.signal?.aborted) throw failure;
    const place = path.join(keep.folder, `${keep.name}.git`);
    await mkdir(keep.folder, { recursive: true });
    await clear(place);
    await rename(theirs, place);
    return [`What it committed cannot be read: its .git is now ${place}.`];
  }
}
