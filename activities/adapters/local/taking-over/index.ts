import { mkdir, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isFolder, isThere } from '../../files/clearing.ts';
import { foldersOf } from '../../files/folders.ts';
import { readText, writeFileAtomically } from '../../files/records.ts';
import { changeRow } from '../../git/publishing/change-rows.ts';
import { idOf } from '../../processes/exclusive.ts';
import type { State } from '../../state/state.ts';
import { takeOverChecks } from './checks.ts';
import { takeOverEnvironments } from './environments.ts';
import { takeOverJobs } from './jobs.ts';

/** How many rows are written at once. */
const AT_ONCE = 500;

const ignored = <Result>(conflict: { doNothing(): Result }): Result => conflict.doNothing();

type Log = (fields: object, message: string) => void;

/**
 * Takes over what earlier versions kept in files: changes, notices, costs, texts, and the records of jobs, checks and environments. A folder is moved to `taken-over` once
 * all of it is in the database. After a crash, the next start does the rest. Nothing else may use the state until then.
 */
export async function takeOver(root: string, state: State, log: Log): Promise<void> {
  const folders = foldersOf(root);
  const aside = path.join(root, 'taken-over');
  const kinds: [string, string, (folder: string) => Promise<number>][] = [
    ['changes', folders.changes, (folder) => changes(folder, state)],
    ['notices', folders.outbox, (folder) => notices(folder, state)],
    ['costs', folders.meter, (folder) => costs(folder, state)],
    ['texts', folders.texts, (folder) => texts(folder, state)],
  ];
  // These folders stay, because processes work in them. An empty file says that their records are taken over.
  const working: [string, string, typeof takeOverJobs][] = [
    ['jobs', folders.jobs, takeOverJobs],
    ['environments', folders.environments, takeOverEnvironments],
    ['checks', folders.checks, takeOverChecks],
  ];
  const isTaken = (what: string) => isThere(path.join(aside, what));
  const isLeft = async (what: string, folder: string) => (await isFolder(folder)) && !(await isTaken(what));
  const present = await Promise.all([
    ...kinds.map(([, folder]) => isFolder(folder)),
    ...working.map(([what, folder]) => isLeft(what, folder)),
  ]);
  if (!present.includes(true)) return;
  const runner = await idOf(root);
  await state.leases.hold(`taking over ${runner}`, async () => {
    for (const [what, folder, take] of kinds) {
      if (!(await isFolder(folder))) continue;
      const count = await take(folder);
      await setAside(folder, aside);
      log({ folder, count }, `${what} of an earlier version are in the database now`);
    }
    for (const [what, folder, take] of working) {
      if (!(await isLeft(what, folder))) continue;
      const count = await take(folder, runner, state);
      await writeFileAtomically(path.join(aside, what), '');
      if (count > 0) log({ folder, count }, `${what} of an earlier version are in the database now`);
    }
  });
}

/** Moves a folder out of the way. Nothing reads it any more, but it is the only copy that is not ours to delete. */
async function setAside(folder: string, under: string): Promise<void> {
  await mkdir(under, { recursive: true });
  const taken = await readdir(under);
  const name = path.basename(folder);
  const free = [name, ...taken.map((_, index) => `${name}-${index + 2}`)].find((each) => !taken.includes(each));
  await rename(folder, path.join(under, free ?? `${name}-${Date.now()}`));
}

const Change = z.object({
  repository: z.string(),
  branch: z.string(),
  base: z.string(),
  number: z.number().optional(),
  title: z.string().optional(),
  body: z.string().optional(),
  state: z.enum(['open', 'merged', 'closed']),
  mergeCommit: z.string().optional(),
  holder: z.object({ workflowId: z.string(), runId: z.string() }).optional(),
  ours: z.array(z.string()),
  ahead: z.string().optional(),
});

/** Records are in a folder per repository, next to files that point from the number of a pull request to its branch. */
async function changes(folder: string, state: State): Promise<number> {
  let count = 0;
  for (const home of await readdir(folder)) {
    const files = await jsonIn(path.join(folder, home));
    // A record that cannot be read could not be used before either. It stays in its folder.
    const records = files.flatMap(({ name, value }) =>
      POINTER.test(name) ? [] : (Change.safeParse(value).data ?? []),
    );
    const repository = records[0]?.repository;
    const pulls = files.flatMap(({ name, value }) => {
      const number = /^pull-(\d+)\.json$/.exec(name)?.[1];
      if (number === undefined || repository === undefined) return [];
      const pointer = Pointer.safeParse(value).data;
      return pointer ? [{ repository, number: Number(number), branch: pointer.branch }] : [];
    });
    await inParts(records.map(firstRow), (some) =>
      state.query((db) => db.insertInto('changes').values(some).onConflict(ignored).execute()),
    );
    await inParts(pulls, (some) =>
      state.query((db) => db.insertInto('pulls').values(some).onConflict(ignored).execute()),
    );
    const own = records.flatMap(({ branch, repository: at, ours }) =>
      ours.map((commit) => ({ repository: at, branch, commit })),
    );
    await inParts(own, (some) =>
      state.query((db) => db.insertInto('own_commits').values(some).onConflict(ignored).execute()),
    );
    count += records.length;
  }
  return count;
}
/** The first version of a record's row. */
const firstRow = ({ ours, ...record }: z.output<typeof Change>) => {
  void ours; // in a table of its own
  return { ...changeRow(record), epoch: record.holder ? 1 : 0, version: 1 };
};

const Pointer = z.object({ branch: z.string() });
const POINTER = /^(?:pull-\d+|last-number)\.json$/;

const Kept = z.object({ key: z.string(), workflowId: z.string(), notice: z.looseObject({ at: z.string() }) });
const Receipt = z.object({ workflowId: z.string(), at: z.string() });

/** Undelivered messages are in a folder per notifier, and the times of the delivered ones in a second folder. */
async function notices(folder: string, state: State): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder)) {
    const files = await jsonIn(path.join(folder, name));
    const adapter = name.replace(/\.told$/, '');
    if (adapter === name) {
      const messages = files.map(({ name: file, text, value }) => {
        const { data } = Kept.safeParse(value);
        if (!data) return { adapter, key: file, workflow_id: '', at: '', message: text, unreadable: 1 };
        const { key, workflowId, notice } = data;
        return { adapter, key, workflow_id: workflowId, at: notice.at, message: text, unreadable: 0 };
      });
      await inParts(messages, (some) =>
        state.query((db) => db.insertInto('outbox').values(some).onConflict(ignored).execute()),
      );
      count += messages.length;
    } else {
      const receipts = files.flatMap(({ value }) => Receipt.safeParse(value).data ?? []);
      const rows = receipts.map(({ workflowId, at }) => ({ adapter, workflow_id: workflowId, at }));
      await inParts(rows, (some) =>
        state.query((db) => db.insertInto('receipts').values(some).onConflict(ignored).execute()),
      );
    }
  }
  return count;
}

const Cost = z.object({ key: z.string(), at: z.string(), costCents: z.number() });

/** Each job's cost is in a file of its own, in a folder per month. */
async function costs(folder: string, state: State): Promise<number> {
  let count = 0;
  for (const month of (await readdir(folder)).filter((name) => /^\d{4}-\d{2}$/.test(name))) {
    const files = await jsonIn(path.join(folder, month));
    const entries = files.flatMap(({ value }) => Cost.safeParse(value).data ?? []);
    const rows = entries.map(({ key, at, costCents }) => ({ key, at, month, cost_cents: costCents }));
    await inParts(rows, (some) =>
      state.query((db) => db.insertInto('meter').values(some).onConflict(ignored).execute()),
    );
    count += rows.length;
  }
  return count;
}

/** Each text is in a file that is named by its hash. */
async function texts(folder: string, state: State): Promise<number> {
  const hashes = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  for (const hash of hashes) {
    const text = (await readText(path.join(folder, hash))) ?? '';
    await inParts([{ hash, text, kept_at: Date.now() }], (some) =>
      state.query((db) => db.insertInto('texts').values(some).onConflict(ignored).execute()),
    );
  }
  return hashes.length;
}

interface File {
  name: string;
  text: string;
  value: unknown;
}

/** The JSON files in a folder. A file that is not JSON, or a folder that is a file, has nothing to read in it. */
async function jsonIn(folder: string): Promise<File[]> {
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) => name.endsWith('.json'));
  const read = names.map(async (name): Promise<File> => {
    const text = (await readText(path.join(folder, name))) ?? '';
    return { name, text, value: parsed(text) };
  });
  return Promise.all(read);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Rows that exist already stay, because an earlier attempt has written them. */
async function inParts<Row>(rows: readonly Row[], insert: (some: readonly Row[]) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < rows.length; index += AT_ONCE) await insert(rows.slice(index, index + AT_ONCE));
}
