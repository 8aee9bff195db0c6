import type { Activities } from '../workflows/contracts/activities.ts';
import type { Along, RunNote } from '../workflows/contracts/run/row.ts';
import type { Ports } from './ports.ts';
import { RowWriter } from './rows/writer.ts';

/** How long a run waits for its report to be written, in milliseconds. After that it is written later. */
const WAIT_MS = 2_000;

/** Writes what runs report: the activity `noteRun`, and what other activities carry. Without rows, reports are dropped. */
export function rowActivities({ rows }: Pick<Ports, 'rows'>): Pick<Activities, 'noteRun'> & {
  carrying<Record extends object>(activities: Record): Record;
} {
  const writer = rows && new RowWriter(rows);
  const write = (note: RunNote) => writer?.write(note);
  return {
    async noteRun(note) {
      let clock: NodeJS.Timeout;
      const late = new Promise<void>((resolve) => (clock = setTimeout(resolve, WAIT_MS)));
      await Promise.race([write(note), late]).finally(() => clearTimeout(clock));
    },

    carrying: (activities) =>
      Object.fromEntries(
        Object.entries(activities).map(([name, work]: [string, (...question: unknown[]) => Promise<unknown>]) => [
          name,
          (...question: unknown[]) => {
            const { note } = (question[1] ?? {}) as Partial<Along>;
            if (note) void write(note);
            return work(question[0]);
          },
        ]),
      ) as typeof activities,
  };
}
