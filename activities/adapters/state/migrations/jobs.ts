import type { Kysely } from 'kysely';

export async function jobs({ schema }: Kysely<unknown>): Promise<void> {
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
