import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readRecord } from '../../files/reading.ts';
import type { State } from '../../state/state.ts';

const Known = z.looseObject({ key: z.string() });

/**
 * Takes over the records of jobs, which were next to their checkouts. Their processes go on, so the folders stay. `runner`:
 * the id of the data folder. Returns how many there are.
 */
export async function takeOverJobs(folder: string, runner: string, state: State): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder)) {
    const home = path.join(folder, name);
    const job = Known.safeParse(await readRecord(path.join(home, 'job.json'))).data;
    const report = await textOf(path.join(home, 'report.json'));
    if (!job) continue;
    const row = {
      key: job.key,
      runner,
      at: Date.now(),
      unfinished: report === null || existsSync(path.join(home, 'tree')) ? 1 : 0,
      job: JSON.stringify(job),
      begun: await textOf(path.join(home, 'begun.json')),
      made: await textOf(path.join(home, 'made.json')),
      owner: await textOf(path.join(home, 'owner.json')),
      report,
    };
    await state.query((db) =>
      db
        .insertInto('jobs')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    count += 1;
  }
  return count;
}

/** The JSON in a file that agents could reach. Null if there is none. */
async function textOf(file: string): Promise<string | null> {
  const value = await readRecord(file);
  return value === undefined ? null : JSON.stringify(value);
}
