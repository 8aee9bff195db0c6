import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createFile, roomFor } from '../files/disk.ts';
import type { State } from '../state/state.ts';

/** Runs work while no other process runs any under this name. Throws `DiskFull` if the disk is full. */
export interface Exclusively {
  <T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The same for a name that means one thing to all workers, whatever their data folders. */
  everywhere<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The names under which work runs now. */
  held(): Promise<string[]>;
}

/**
 * Excludes work by names of this data folder, across all processes that use it. It may have another path in another
 * container, so it is known by its id.
 */
export function exclusivelyIn(root: string, { leases }: Pick<State, 'leases'>): Exclusively {
  const run = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    roomFor(root, async () => leases.hold(`${await idOf(root)} ${name}`, work));
  const held = async () => {
    const own = `${await idOf(root)} `;
    return (await leases.held(own)).map((name) => name.slice(own.length));
  };
  const everywhere = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    roomFor(root, () => leases.hold(name, work));
  return Object.assign(run, { held, everywhere });
}

const ids = new Map<string, Promise<string>>();

/** The id of a data folder, which is made once. */
export function idOf(root: string): Promise<string> {
  const known = ids.get(root);
  if (known) return known;
  const id = readId(root).catch((failure: unknown) => {
    ids.delete(root);
    throw failure;
  });
  ids.set(root, id);
  return id;
}

async function readId(root: string): Promise<string> {
  const file = path.join(root, 'id');
  await mkdir(root, { recursive: true });
  const made = randomUUID();
  try {
    await createFile(file, made);
    return made;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
  }
  return (await readFile(file, 'utf8')).trim();
}
