import type { z } from 'zod';
import { badFields, fieldsMessage } from '../contracts/bad-fields.ts';
import type { ForeignCommit } from '../contracts/activities.ts';
import type { StepRecord } from '../contracts/state.ts';
import { markByCount } from './head.ts';
import { EnvironmentSnapshot, Snapshot, SNAPSHOT_VERSION, type Carried } from '../contracts/snapshot.ts';

type Raw = Record<string, unknown>;
/** By version: how a snapshot of it becomes one of the next. Pure: an old one is never written again, only read. */
export type Migrations = Readonly<Record<number, (snapshot: Raw) => Raw>>;

export const MIGRATIONS: Migrations = {
  /** What the run was started with travels beside it, once; runs went on only between steps, where nothing was asked. */
  1: ({ input, current, ...state }) => {
    void [input, current];
    return { ...state, version: 2 };
  },
  /** Verdicts were void by how many commits of others were known; now each says so itself. */
  2: (state) => {
    const { steps, foreign } = JSON.parse(JSON.stringify(state)) as { steps: StepRecord[]; foreign: ForeignCommit[] };
    markByCount(steps, foreign);
    return { ...state, steps, version: 3 };
  },
};

/** The first snapshots of environments were those of version 2. */
export const ENVIRONMENT_MIGRATIONS: Migrations = {
  2: (site) => ({ ...site, version: 3 }),
};

/**
 * Reads what an earlier execution handed over, whatever build wrote it. Throws plainly on what this build cannot read,
 * one that is newer included: the workflow task then waits for a worker that can (contract 2).
 */
export const readSnapshot = (raw: unknown): Carried => read(Snapshot, MIGRATIONS, raw) as unknown as Carried;
export const readEnvironment = (raw: unknown): EnvironmentSnapshot =>
  read(EnvironmentSnapshot, ENVIRONMENT_MIGRATIONS, raw) as EnvironmentSnapshot;

function read(schema: z.ZodType, migrations: Migrations, raw: unknown): Raw {
  let snapshot = (typeof raw === 'object' && raw !== null ? raw : {}) as Raw;
  for (let version = snapshot['version']; version !== SNAPSHOT_VERSION; version = snapshot['version']) {
    const migrate = typeof version === 'number' ? migrations[version] : undefined;
    if (!migrate) throw new Error(`This build cannot read a snapshot of version ${String(version)}: a newer one can.`);
    snapshot = migrate(snapshot);
  }
  const { error } = schema.safeParse(snapshot);
  if (error) throw new Error(`The snapshot cannot be read: ${fieldsMessage(badFields(error, snapshot))}`);
  return snapshot; // as it was written: nothing in it is filled in or put in another order
}
