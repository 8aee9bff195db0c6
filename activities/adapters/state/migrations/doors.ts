import type { Kysely } from 'kysely';

/** Who may use the HTTP door, and the requests that it has answered. */
export async function doors({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('may', 'text', (column) => column.notNull())
    .addColumn('workspace', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('revoked_at', 'bigint')
    .addColumn('used_at', 'bigint')
    .execute();
  await schema
    .createTable('requests')
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('answer', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('requests_key', ['caller', 'key'])
    .execute();
  await schema.createIndex('requests_by_time').on('requests').column('at').execute();
}
