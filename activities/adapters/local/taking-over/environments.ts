import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { isThere } from '../../files/clearing.ts';
import { readWord, recordAs } from '../../files/reading.ts';
import type { State } from '../../state/state.ts';

const Begun = z.object({
  key: z.string(),
  port: z.number(),
  ready: z.string().optional(),
  expireMinutes: z.number().optional(),
});
const Live = z.object({ at: z.string(), url: z.string().optional() });

/**
 * Takes over the records of environments, which were next to their checkouts. Their processes go on, so the folders stay.
 * Of an environment that was removed, only its folder's name is known, so nothing can ask about it. `runner`: the id of the
 * data folder. Returns how many there are.
 */
export async function takeOverEnvironments(folder: string, runner: string, state: State): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder)) {
    const home = path.join(folder, name);
    const begun = await recordAs(path.join(home, 'begun.json'), Begun);
    if (!begun) continue;
    const live = await recordAs(path.join(home, 'live.json'), Live);
    const removed = await readWord(path.join(home, 'removed'));
    const row = {
      key: begun.key,
      runner,
      at: Date.now(),
      unfinished: removed === undefined || (await isThere(path.join(home, 'tree'))) ? 1 : 0,
      port: begun.port,
      ready: begun.ready ?? null,
      expire_minutes: begun.expireMinutes ?? null,
      live_at: live?.at ?? null,
      url: live?.url ?? null,
      removed: removed ?? null,
    };
    await state.query((db) =>
      db
        .insertInto('environments')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    count += 1;
  }
  return count;
}
