import type { Kysely } from 'kysely';

export async function runs(db: Kysely<unknown>): Promise<void> {
  await rows(db);
  await records(db);
  await audit(db);
  await slots(db);
}

async function rows({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('runs')
    .addColumn('workflow_id', 'text', (column) => column.primaryKey())
    .addColumn('first_run_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('run_at', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('workspace', 'text', (column) => column.notNull())
    .addColumn('task', 'text', (column) => column.notNull())
    .addColumn('task_type', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('pipeline', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('step', 'text')
    .addColumn('phase', 'text')
    .addColumn('visit', 'text')
    .addColumn('waiting_on', 'text', (column) => column.notNull())
    .addColumn('waiting_since', 'bigint', (column) => column.notNull())
    .addColumn('merge_commit', 'text')
    .addColumn('outcome', 'text')
    .addColumn('ended_at', 'bigint')
    .addColumn('cost_cents', 'double precision', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('runs_by_start').on('runs').columns(['started_at', 'workflow_id']).execute();
  await schema.createIndex('runs_by_wait').on('runs').columns(['waiting_on', 'waiting_since']).execute();
  await schema.createIndex('runs_by_end').on('runs').columns(['ended_at', 'repository']).execute();
}

async function records({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('run_records')
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('first_run_id', 'text', (column) => column.notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('run_at', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('ended', 'integer', (column) => column.notNull())
    .addColumn('continues', 'text')
    .addColumn('input', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('closed', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('run_records_key', ['workflow_id', 'first_run_id'])
    .execute();
}

async function audit({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('audit')
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('action_id', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('first_run_id', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('who', 'text')
    .addColumn('via', 'text')
    .addColumn('visit', 'text')
    .addColumn('verdict', 'text', (column) => column.notNull())
    .addColumn('code', 'text')
    .addColumn('because', 'text')
    .addColumn('effect', 'text')
    .addColumn('repeats', 'integer', (column) => column.notNull())
    .addColumn('input', 'text')
    .addPrimaryKeyConstraint('audit_key', ['workflow_id', 'action_id', 'at'])
    .execute();
  await schema.createIndex('audit_by_time').on('audit').columns(['workflow_id', 'at']).execute();
}

async function slots({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('slots')
    .addColumn('workflow_id', 'text', (column) => column.primaryKey())
    .addColumn('first_run_id', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('task_type', 'text', (column) => column.notNull())
    .addColumn('taken_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('slots_by_repository').on('slots').column('repository').execute();
}
