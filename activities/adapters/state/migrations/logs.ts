import type { Kysely } from 'kysely';

/** The ends of the logs of jobs and checks. */
export async function logs({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('logs')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('stream', 'text', (column) => column.notNull())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('kept_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('logs_key', ['key', 'stream'])
    .execute();
  await schema.createIndex('logs_by_time').on('logs').column('kept_at').execute();
}
