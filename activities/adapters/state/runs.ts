import { sql, type Kysely } from 'kysely';
import { LOST, type RunNote, type Order, type RowState } from '../../../workflows/contracts/run/row.ts';
import type { Admission, OpenRow, Rows } from '../../rows/rows.ts';
import type { Cipher } from './cipher.ts';
import {
  actionsIn,
  actionValues,
  beginningValues,
  recordIn,
  textsIn,
  recordValues,
  rowIn,
  rowValues,
} from './run-values.ts';
import type { State } from './state.ts';
import type { Tables } from './tables.ts';

/** The rows of runs, their records and their audit log. */
export class RunRows implements Rows {
  constructor(private readonly state: Pick<State, 'query' | 'transaction' | 'now' | 'cipher'>) {}

  async write(note: RunNote): Promise<void> {
    const { cipher } = this.state;
    const { record, actions = [], state } = note;
    // One statement needs no transaction. Everything else is written together, so that a row that has ended has its record.
    if (!record && actions.length === 0 && !state.end) return this.state.query((db) => writeRow(db, state, cipher));
    await this.state.transaction(async (db) => {
      await writeRow(db, state, cipher);
      await writeRest(db, note, cipher);
    });
  }

  async repair(note: RunNote, before: RowState | undefined, { slot } = { slot: false }): Promise<boolean> {
    const { cipher } = this.state;
    return this.state.transaction(async (db) => {
      if (!(await isStill(db, note.state.workflowId, before))) return false;
      const { workflowId, firstRunId, repository, task } = note.state;
      await db.deleteFrom('runs').where('workflow_id', '=', workflowId).execute();
      if (note.record) {
        const records = db.deleteFrom('run_records').where('workflow_id', '=', workflowId);
        await records.where('first_run_id', '=', firstRunId).execute();
      }
      await writeRow(db, note.state, cipher);
      await writeRest(db, note, cipher);
      if (slot) {
        const values = { workflow_id: workflowId, first_run_id: firstRunId, repository, task_type: task.type };
        const insert = db.insertInto('slots').values({ ...values, taken_at: this.state.now });
        await insert.onConflict((conflict) => conflict.doNothing()).execute();
      }
      return true;
    });
  }

  async read(workflowId: string): Promise<RowState | undefined> {
    const row = await this.state.query((db) =>
      db.selectFrom('runs').select('state').where('workflow_id', '=', workflowId).executeTakeFirst(),
    );
    return row && rowIn(row.state, this.state.cipher);
  }

  async record(workflowId: string, runId?: string) {
    const row = await this.state.query((db) => {
      const all = db.selectFrom('run_records').selectAll().where('workflow_id', '=', workflowId);
      const wanted = runId === undefined ? all : all.where('run_id', '=', runId);
      return wanted.orderBy('run_at', 'desc').orderBy('run_id', 'desc').limit(1).executeTakeFirst();
    });
    return row && recordIn(row, this.state.cipher);
  }

  async actions(workflowId: string) {
    const rows = await this.state.query((db) =>
      db.selectFrom('audit').selectAll().where('workflow_id', '=', workflowId).orderBy('at').execute(),
    );
    return actionsIn(rows, this.state.cipher);
  }

  async open(): Promise<OpenRow[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select(['workflow_id', 'run_id', 'status', 'phase', 'step', 'waiting_since'])
        .where('ended_at', 'is', null)
        .execute(),
    );
    return rows.map(({ workflow_id, run_id, status, phase, step, waiting_since }) => ({
      workflowId: workflow_id,
      runId: run_id,
      status,
      phase: phase === null ? undefined : `${step}:${phase}`,
      waitingSince: new Date(waiting_since).toISOString(),
    }));
  }

  async unrecovered(): Promise<RowState[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select('state')
        .where((where) => where.or([where('ended_at', 'is', null), where('outcome', '=', LOST)]))
        .orderBy('started_at')
        .execute(),
    );
    return rows.map(({ state }) => rowIn(state, this.state.cipher));
  }

  async begin(run: Parameters<Rows['begin']>[0]): Promise<void> {
    const values = beginningValues(run, this.state.cipher);
    await this.state.query((db) =>
      db
        .insertInto('run_records')
        .values(values)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async unfinished(prefixes: { jobs: string; environments: string }) {
    const keysIn = async (table: 'jobs' | 'environments') => {
      const prefix = prefixes[table];
      const rows = await this.state.query((db) =>
        db
          .selectFrom(table)
          .select('key')
          .where('unfinished', '=', 1)
          .where(sql<string>`substr(key, 1, ${sql.lit(prefix.length)})`, '=', prefix)
          .execute(),
      );
      return rows.map(({ key }) => key);
    };
    return { jobs: await keysIn('jobs'), environments: await keysIn('environments') };
  }

  async hasEnded(workflowId: string, tail: string): Promise<boolean> {
    const ids = await this.state.query((db) =>
      db
        .selectFrom('run_records')
        .select('first_run_id')
        .where('workflow_id', '=', workflowId)
        .where('ended', '=', 1)
        .execute(),
    );
    return ids.some(({ first_run_id: id }) => id.endsWith(tail));
  }

  async known(workflowIds: readonly string[]): Promise<Set<string>> {
    if (workflowIds.length === 0) return new Set();
    const rows = await this.state.query((db) =>
      db.selectFrom('runs').select('workflow_id').where('workflow_id', 'in', workflowIds).execute(),
    );
    return new Set(rows.map(({ workflow_id }) => workflow_id));
  }

  admit({ holder, repository, type, limit }: Admission): Promise<string[]> {
    const { workflowId: workflow_id, runId: first_run_id } = holder;
    return this.state.transaction(async (db) => {
      if (limit) {
        const all = db.selectFrom('slots').select('workflow_id').where('repository', '=', repository);
        const counted = limit.perType ? all.where('task_type', '=', type) : all;
        const others = await counted.where('workflow_id', '!=', workflow_id).orderBy('taken_at').execute();
        const live = [...new Set([...limit.besides, ...others.map((each) => each.workflow_id)])];
        if (live.length >= limit.most) return live;
      }
      const slot = { first_run_id, repository, task_type: type, taken_at: this.state.now };
      await db
        .insertInto('slots')
        .values({ workflow_id, ...slot })
        .onConflict((conflict) =>
          conflict.column('workflow_id').doUpdateSet({ first_run_id, repository, task_type: type }),
        )
        .execute();
      return [];
    });
  }

  async holders(workflowIds: readonly string[]): Promise<{ workflowId: string; runId: string }[]> {
    if (workflowIds.length === 0) return [];
    const rows = await this.state.query((db) =>
      db.selectFrom('slots').select(['workflow_id', 'first_run_id']).where('workflow_id', 'in', workflowIds).execute(),
    );
    return rows.map(({ workflow_id, first_run_id }) => ({ workflowId: workflow_id, runId: first_run_id }));
  }

  async release({ workflowId, runId }: { workflowId: string; runId: string }): Promise<void> {
    await this.state.query((db) => deleteSlot(db, workflowId, runId));
  }
}

/** Writes the row, unless there is a newer one. */
async function writeRow(db: Kysely<Tables>, state: RowState, cipher: Cipher): Promise<void> {
  const { workflow_id, ...values } = rowValues(state, cipher);
  await db
    .insertInto('runs')
    .values({ workflow_id, ...values })
    .onConflict((conflict) => conflict.column('workflow_id').doUpdateSet(values).where(isNewer('runs')))
    .execute();
}

async function writeRest(db: Kysely<Tables>, { state, record, actions = [] }: RunNote, cipher: Cipher): Promise<void> {
  const { workflowId, firstRunId, end } = state;
  if (record) {
    const { workflow_id, first_run_id, ...values } = recordValues(state, record, cipher);
    await db
      .insertInto('run_records')
      .values({ workflow_id, first_run_id, ...values })
      .onConflict((conflict) =>
        conflict.columns(['workflow_id', 'first_run_id']).doUpdateSet(values).where(isNewer('run_records')),
      )
      .execute();
    const hashes = textsIn(record);
    if (hashes.length > 0) await db.updateTable('texts').set({ named: 1 }).where('hash', 'in', hashes).execute();
  }
  for (const action of actions) {
    const values = actionValues(state, action, cipher);
    const { effect, repeats } = values;
    await db
      .insertInto('audit')
      .values(values)
      .onConflict((conflict) =>
        conflict
          .columns(['workflow_id', 'action_id', 'at'])
          .doUpdateSet({ effect, repeats })
          .where('audit.repeats', '<=', repeats),
      )
      .execute();
  }
  if (end) await deleteSlot(db, workflowId, firstRunId);
}

const isNewer = (table: 'runs' | 'run_records') =>
  sql<boolean>`(${sql.ref(`${table}.run_at`)}, ${sql.ref(`${table}.run_id`)}, ${sql.ref(`${table}.seq`)}) < (excluded.run_at, excluded.run_id, excluded.seq)`;

/** Whether the row is as it was read. Undefined: there was none. */
async function isStill(db: Kysely<Tables>, workflowId: string, before: RowState | undefined): Promise<boolean> {
  const row = await db
    .selectFrom('runs')
    .select(['run_id', 'run_at', 'seq', 'ended_at'])
    .where('workflow_id', '=', workflowId)
    .executeTakeFirst();
  if (!row || !before) return row === undefined && before === undefined;
  const { at, seq }: Order = before.order;
  const isEnded = before.end !== undefined;
  return row.run_id === before.runId && row.run_at === at && row.seq === seq && (row.ended_at !== null) === isEnded;
}

const deleteSlot = async (db: Kysely<Tables>, workflowId: string, firstRunId: string): Promise<void> => {
  await db.deleteFrom('slots').where('workflow_id', '=', workflowId).where('first_run_id', '=', firstRunId).execute();
};
