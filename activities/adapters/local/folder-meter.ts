import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { addCents } from '../../../workflows/contracts/cents.ts';
import type { Ledger } from '../../ledger.ts';
import type { Meter } from '../../ports.ts';
import { foldersOf, safeName } from '../files/folders.ts';
import { readJson, writeJson } from '../files/records.ts';
import { withLock } from '../processes/locks.ts';

const Entry = z.object({ key: z.string(), at: z.string(), costCents: z.number() });

/** Records the cost of each job in a file of its own, in a folder per month. */
export const folderMeter = ({ root, ledger }: { root: string; ledger?: Ledger | undefined }): Meter => {
  const { meter } = foldersOf(root);
  const known = new Map<string, Map<string, number>>();
  const fileOf = (month: string, key: string) => path.join(meter, month, `${safeName(key)}.json`);
  const has = async (month: string, key: string) => (await readJson(fileOf(month, key), Entry)) !== undefined;

  return {
    record: (entry) =>
      withLock(path.join(meter, `${safeName(entry.key)}.lock`), async () => {
        const month = entry.at.slice(0, 7);
        // An activity that is retried across the end of a month records the same job again.
        if ((await has(month, entry.key)) || (await has(before(month), entry.key))) return;
        await writeJson(fileOf(month, entry.key), entry);
        ledger?.note({ effect: 'cost-recorded', key: entry.key });
      }),

    async spent(month) {
      const costs = known.get(month) ?? known.set(month, new Map()).get(month)!;
      const names = await readdir(path.join(meter, month)).catch(() => []);
      for (const name of names.filter((each) => each.endsWith('.json') && !costs.has(each))) {
        const entry = await readJson(path.join(meter, month, name), Entry);
        if (entry) costs.set(name, entry.costCents);
      }
      return [...costs.values()].reduce(addCents, 0);
    },
  };
};

function before(month: string): string {
  const first = new Date(`${month}-01T00:00:00Z`);
  return new Date(first.getTime() - 1).toISOString().slice(0, 7);
}
