import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import type { Ledger } from '../../ledger.ts';
import { roomFor } from './disk.ts';
import { keeping, ownName, taken } from './lock-owners.ts';

/** What local adapters that run commands are opened with. */
export interface Local {
  root: string;
  environment: NodeJS.ProcessEnv;
  ledger?: Ledger | undefined;
}

/** Everything that the local adapters keep, below one root. */
export const foldersOf = (root: string) => ({
  root,
  repositories: path.join(root, 'repositories'),
  changes: path.join(root, 'changes'),
  checks: path.join(root, 'checks'),
  jobs: path.join(root, 'jobs'),
  bundles: path.join(root, 'bundles'),
  environments: path.join(root, 'environments'),
  texts: path.join(root, 'texts'),
  releases: path.join(root, 'releases'),
  issues: path.join(root, 'issues'),
  meter: path.join(root, 'meter'),
  outbox: path.join(root, 'outbox'),
  notices: path.join(root, 'notices.jsonl'),
  locks: path.join(root, 'locks'),
  moves: path.join(root, 'moves'),
  trash: path.join(root, 'trash'),
  unfinished: path.join(root, 'unfinished'),
});

/** One folder's name for any text: readable at its beginning, unambiguous by its hash. */
export const safeName = (text: string): string =>
  `${text
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(-48)
    .replace(/^-+|-+$/g, '')}-${hashOf(text).slice(0, 12)}`;

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Writes so that a reader sees the old text or the new one, never half of it. */
export async function writeFileAtomically(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await roomFor(path.dirname(file), async () => {
    try {
      await writeFile(draft, text);
      await rename(draft, file);
    } catch (failure) {
      await rm(draft, { force: true });
      throw failure;
    }
  });
}

/** Writes a record that lies where agents can reach it: a folder in its place is nothing of ours, and goes. */
export async function writeRecord(file: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(file, text);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EISDIR') throw failure;
    await rm(file, { recursive: true, force: true });
    await writeFileAtomically(file, text);
  }
}

export const writeJson = (file: string, value: unknown) => writeFileAtomically(file, JSON.stringify(value, null, 1));

/** What a file holds, or nothing when it is not there. What does not fit the schema is an error. */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (failure) {
    if (['ENOENT', 'ENOTDIR'].includes((failure as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw failure;
  }
}

const LOCK_PAUSE_MS = 40;
const queues = new Map<string, Promise<unknown>>();

/**
 * Lets one piece of work at a time touch what this file names, across processes and containers too. A lock whose holder has
 * died is taken over; one whose holder stands still is too, once that holder has been ended; and one whose holder is not
 * ours to see (another container, another machine) once it has stopped saying that it lives. A full disk is told as such.
 */
export function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(file) ?? Promise.resolve()).then(() => locked(file, work));
  const settled = turn.catch(() => undefined).finally(() => queues.get(file) === settled && queues.delete(file));
  queues.set(file, settled);
  return turn;
}

function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  return roomFor(path.dirname(file), async () => {
    await mkdir(path.dirname(file), { recursive: true });
    const own = await ownName();
    while (!(await taken(file, own))) await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
    const release = keeping(file, own);
    try {
      return await work();
    } finally {
      await release();
    }
  });
}
