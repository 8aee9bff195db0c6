import type { Kysely, Migration } from 'kysely';
import type { Kind } from '../connecting.ts';
import { work } from './work.ts';
import { runs } from './runs.ts';
import { doors } from './doors.ts';
import { webhooks } from './webhooks.ts';

export const first = (kind: Kind): Migration => ({
  async up(db: Kysely<unknown>) {
    const { schema } = db;
    await schema
      .createTable('sessions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('process', 'text', (column) => column.notNull())
      .addColumn('until', 'bigint', (column) => column.notNull())
      .addColumn('ended', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await schema
      .createTable('leases')
      // Both kinds of key grow with each row, and are never used again.
      .addColumn('fence', kind === 'sqlite' ? 'integer' : 'bigserial', (column) =>
        kind === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
      )
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('session', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('meter')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('month', 'text', (column) => column.notNull())
      .addColumn('at', 'text', (column) => column.notNull())
      .addColumn('cost_cents', 'double precision', (column) => column.notNull())
      .execute();
    await schema.createIndex('meter_by_month').on('meter').column('month').execute();
    await schema
      .createTable('texts')
      .addColumn('hash', 'text', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('kept_at', 'bigint', (column) => column.notNull())
      .addColumn('named', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await notices(db);
    await changes(db);
    await work(db);
    await runs(db);
    await webhooks(db);
    await doors(db);
  },
});

async function notices({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('outbox')
    .addColumn('adapter', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('unreadable', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('outbox_key', ['adapter', 'key'])
    .execute();
  await schema.createIndex('outbox_by_time').on('outbox').columns(['adapter', 'at', 'key']).execute();
  await schema
    .createTable('receipts')
    .addColumn('adapter', 'text', (column) => column.notNull())
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('receipts_key', ['adapter', 'workflow_id'])
    .execute();
}

async function changes({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('changes')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('base', 'text', (column) => column.notNull())
    .addColumn('number', 'integer')
    .addColumn('title', 'text')
    .addColumn('body', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('merge_commit', 'text')
    .addColumn('ahead', 'text')
    .addColumn('hosted', 'text')
    .addColumn('owner_workflow', 'text')
    .addColumn('owner_run', 'text')
    .addColumn('epoch', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('changes_key', ['repository', 'branch'])
    .execute();
  await schema
    .createTable('bundles')
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('commit', 'text', (column) => column.notNull())
    .addColumn('bundle', 'text', (column) => column.notNull())
    .addColumn('kept_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('bundles_key', ['workflow_id', 'commit'])
    .execute();
  await schema
    .createTable('own_commits')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('commit', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('own_commits_key', ['repository', 'branch', 'commit'])
    .execute();
  await schema
    .createTable('pulls')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('pulls_key', ['repository', 'number'])
    .execute();
}
