import type { Kysely } from 'kysely';

/** What forges have sent, and the comments on pull requests that people have written. */
export async function webhooks({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('deliveries')
    .addColumn('sender', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('delivery', 'text', (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addColumn('handled_at', 'bigint')
    .addPrimaryKeyConstraint('deliveries_key', ['sender', 'id'])
    .execute();
  await schema.createIndex('deliveries_waiting').on('deliveries').columns(['handled_at', 'received_at']).execute();
  await schema.createIndex('deliveries_by_place').on('deliveries').columns(['repository', 'received_at']).execute();
  await schema
    .createTable('comments')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('id', 'bigint', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('body', 'text')
    .addColumn('noticed_at', 'bigint', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .addColumn('workflow_id', 'text')
    .addColumn('sent_at', 'bigint')
    .addColumn('answer', 'text')
    .addColumn('because', 'text')
    .addPrimaryKeyConstraint('comments_key', ['repository', 'id'])
    .execute();
  await schema.createIndex('comments_open').on('comments').columns(['answer', 'due_at']).execute();
}
