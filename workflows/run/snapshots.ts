import type { z } from 'zod';
import { badFields, fieldsMessage } from '../contracts/bad-fields.ts';
import type { ForeignCommit } from '../contracts/activities.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import { cameAfter } from '../rules/head.ts';
import { inWords } from '../words/index.ts';
import { snapshotTooNew, snapshotUnreadable } from '../words/input.ts';
import { EnvironmentSnapshot, Snapshot, SNAPSHOT_VERSION, type Carried } from '../contracts/run/snapshot.ts';

type Raw = Record<string, unknown>;
/** By version: how a snapshot of it becomes one of the next. Old snapshots are only read, never written. */
export type Migrations = Readonly<Record<number, (snapshot: Raw) => Raw>>;

export const MIGRATIONS: Migrations = {
  /** The input travels beside the state, once. Runs continued as new only between steps, where nothing was asked. */
  1: ({ input, current, ...state }) => {
    void [input, current];
    return { ...state, version: 2 };
  },
  /** Verdicts became void by the number of known commits of others. Now each records it. */
  2: (state) => {
    const { steps, foreign } = JSON.parse(JSON.stringify(state)) as { steps: StepRecord[]; foreign: ForeignCommit[] };
    markByCount(steps, foreign);
    return { ...state, steps, version: 3 };
  },
  /** Agents that cannot work now have a type of notice, which earlier builds do not know. */
  3: (state) => ({ ...state, version: 4 }),
  /** Runs know pull requests from forks, merge methods, and notices about a merge. */
  4: (state) => ({ ...state, version: 5 }),
};

/** Environments have had snapshots since version 2. */
export const ENVIRONMENT_MIGRATIONS: Migrations = {
  2: (environment) => ({ ...environment, version: 3 }),
  3: (environment) => ({ ...environment, version: 4 }),
  4: (environment) => ({ ...environment, version: 5 }),
};

/**
 * Reads what an earlier execution handed over, whatever build wrote it. Throws if this build cannot read it, because it is
 * newer for example: the workflow task then waits for a worker that can.
 */
export const readSnapshot = (raw: unknown): Carried => read(Snapshot, MIGRATIONS, raw);
export const readEnvironment = (raw: unknown): EnvironmentSnapshot =>
  read(EnvironmentSnapshot, ENVIRONMENT_MIGRATIONS, raw);

function read<Schema extends z.ZodType>(schema: Schema, migrations: Migrations, raw: unknown): z.output<Schema> {
  let snapshot = (typeof raw === 'object' && raw !== null ? raw : {}) as Raw;
  for (let version = snapshot['version']; version !== SNAPSHOT_VERSION; version = snapshot['version']) {
    const migrate = typeof version === 'number' ? migrations[version] : undefined;
    if (!migrate) throw new Error(snapshotTooNew({ version }));
    snapshot = migrate(snapshot);
  }
  const { error } = schema.safeParse(snapshot);
  if (error) throw new Error(snapshotUnreadable({ fields: fieldsMessage(badFields(error, snapshot)) }));
  return snapshot as z.output<Schema>; // as it was written, without the schema's defaults or order
}

/** Marks the void verdicts of old builds, which only recorded how many commits of others they knew. */
export function markByCount(steps: readonly Pick<StepRecord, 'judged'>[], foreign: readonly ForeignCommit[]): void {
  for (const { judged } of steps) {
    const since = judged && judged.voided === undefined ? foreign.slice(judged.foreign) : [];
    if (since.length > 0) judged!.voided = inWords(cameAfter(since));
  }
}
