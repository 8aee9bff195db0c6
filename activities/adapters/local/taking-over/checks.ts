import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Begun, partsOf, Verdict } from '../../checks/check-rows.ts';
import { isThere } from '../../files/clearing.ts';
import { recordAs } from '../../files/reading.ts';
import type { State } from '../../state/state.ts';

/** Runs are in folders `<repository>/<commit>/<check and command>/<run>`. */
const DEPTH = 4;

/**
 * Takes over the records of checks, which were next to their checkouts. Their processes go on, so the folders stay.
 * `runner`: the id of the data folder. Returns how many there are.
 */
export async function takeOverChecks(folder: string, runner: string, state: State): Promise<number> {
  let count = 0;
  for (const run of await foldersBelow(folder, DEPTH)) {
    const begun = await recordAs(path.join(run, 'begun.json'), Begun);
    const verdict = await recordAs(path.join(run, 'verdict.json'), Verdict);
    const name = path.relative(folder, run).split(path.sep).join('/');
    const [check, n] = partsOf(name);
    if (!begun || !Number.isInteger(n)) continue;
    const row = {
      runner,
      name,
      check_name: check,
      n,
      at: Date.now(),
      unfinished: !verdict || (await isThere(path.join(run, 'tree'))) ? 1 : 0,
      round: begun.round,
      branch: begun.branch,
      repository: begun.repository ?? null,
      conclusion: verdict?.conclusion ?? null,
      verdict_round: verdict?.round ?? null,
      log: verdict?.log ?? null,
    };
    await state.query((db) =>
      db
        .insertInto('checks')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    count += 1;
  }
  return count;
}

async function foldersBelow(root: string, depth: number): Promise<string[]> {
  if (depth === 0) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  return (await Promise.all(folders.map(({ name }) => foldersBelow(path.join(root, name), depth - 1)))).flat();
}
