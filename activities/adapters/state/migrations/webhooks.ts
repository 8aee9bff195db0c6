import type { Kysely } from 'kysely';

/** What forges have sent, what people have written on pull requests, and what we show there. */
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
  await schema
    .createTable('comment_polls')
    .addColumn('repository', 'text', (column) => column.primaryKey())
    .addColumn('since', 'text', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('shown')
    .addColumn('workflow_id', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .addColumn('renewed_at', 'bigint', (column) => column.notNull())
    .addColumn('head', 'text')
    .addColumn('status', 'text')
    .addColumn('comment_id', 'bigint')
    .addColumn('comment', 'text')
    .addColumn('refused', 'text')
    .execute();
  await schema
    .createTable('installation')
    .addColumn('one', 'integer', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull())
    .execute();
}
