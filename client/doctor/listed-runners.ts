import type { ListedRunner } from '../../activities/adapters/state/listed-runners.ts';
import { textCipher } from '../../worker/configuration/encryption.ts';
import { databaseOf } from '../../worker/configuration/shared.ts';
import type { ClientConfig } from '../config.ts';
import { Unreachable } from '../errors.ts';

/** A worker that runs jobs, checks and previews, as people and programs see it. Times are in ISO 8601. */
export interface ShownRunner {
  /** The id of its data folder. Its task queue is `gatehouse-runner-<id>`. */
  id: string;
  machine: string;
  startedAt: string;
  heard: boolean;
  /** When it was last heard of, if it is not heard of now. */
  notHeardOfSince?: string;
  /** Whether what it ran is lost. */
  lost: boolean;
  drainingSince?: string;
  /** Jobs and checks that run, and jobs that have not begun. */
  running: number;
  waiting: number;
  environments: number;
}

/** The workers that share the database. Throws `Unreachable` if it cannot be read. */
export async function runnersOf({ variables, data, codecKeys = [] }: ClientConfig): Promise<ShownRunner[]> {
  const { readRows } = await import('../../activities/adapters/state/reading.ts');
  const rows = await readRows(databaseOf(variables, data), textCipher(codecKeys)).catch((failure: Error) => {
    throw new Unreachable(failure.message);
  });
  try {
    return (await rows.runners()).map(shown);
  } finally {
    await rows.close();
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

const shown = ({ runner, machine, startedAt, seenAt, is, drainingSince, ...counts }: ListedRunner): ShownRunner => ({
  id: runner,
  machine,
  startedAt: iso(startedAt),
  heard: is === 'heard',
  ...(is !== 'heard' && { notHeardOfSince: iso(seenAt) }),
  lost: is === 'lost',
  ...(drainingSince !== undefined && { drainingSince: iso(drainingSince) }),
  ...counts,
});
