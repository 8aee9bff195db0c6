import type { Kysely } from 'kysely';

/** What runs on the machines of workers. */
export async function work(db: Kysely<unknown>): Promise<void> {
  await jobs(db);
  await environments(db);
  await checks(db);
  await runners(db);
}

async function jobs({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('jobs')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('runner', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('unfinished', 'integer', (column) => column.notNull())
    .addColumn('job', 'text')
    .addColumn('begun', 'text')
    .addColumn('made', 'text')
    .addColumn('owner', 'text')
    .addColumn('report', 'text')
    .execute();
  await schema.createIndex('jobs_unfinished').on('jobs').columns(['runner', 'unfinished']).execute();
}

async function environments({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('environments')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('runner', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('unfinished', 'integer', (column) => column.notNull())
    .addColumn('port', 'integer')
    .addColumn('ready', 'text')
    .addColumn('expire_minutes', 'double precision')
    .addColumn('live_at', 'text')
    .addColumn('url', 'text')
    .addColumn('removed', 'text')
    .execute();
  await schema.createIndex('environments_unfinished').on('environments').columns(['runner', 'unfinished']).execute();
}

async function checks({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('checks')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('runner', 'text', (column) => column.notNull())
    .addColumn('check_name', 'text', (column) => column.notNull())
    .addColumn('n', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('unfinished', 'integer', (column) => column.notNull())
    .addColumn('round', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('repository', 'text')
    .addColumn('conclusion', 'text')
    .addColumn('verdict_round', 'text')
    .addColumn('log', 'text')
    .execute();
  await schema.createIndex('checks_by_check').on('checks').column('check_name').execute();
  await schema.createIndex('checks_unfinished').on('checks').columns(['runner', 'unfinished']).execute();
}

async function runners({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('runners')
    .addColumn('worker', 'text', (column) => column.primaryKey())
    .addColumn('runner', 'text', (column) => column.notNull())
    .addColumn('machine', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addColumn('draining_since', 'bigint')
    .addColumn('lost_ms', 'integer', (column) => column.notNull())
    .addColumn('lost_at', 'bigint')
    .execute();
  await schema.createIndex('runners_by_runner').on('runners').column('runner').execute();
  await schema
    .createTable('sights')
    .addColumn('runner', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('seen', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('sights_key', ['repository', 'runner'])
    .execute();
}
