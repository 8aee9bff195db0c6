import type { Kysely } from 'kysely';

/** What people were sent: digests by day, and messages in Slack that change later. */
export async function notices({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('digests')
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('digests_key', ['person', 'day'])
    .execute();
  await schema
    .createTable('slack_messages')
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('wait', 'text', (column) => column.notNull())
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('visit', 'text')
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('severity', 'text', (column) => column.notNull())
    .addColumn('channel', 'text')
    .addColumn('ts', 'text')
    .addColumn('begun_at', 'bigint', (column) => column.notNull())
    .addColumn('closed_at', 'bigint')
    .addPrimaryKeyConstraint('slack_messages_key', ['place', 'wait'])
    .execute();
  await schema.createIndex('slack_messages_open').on('slack_messages').columns(['closed_at', 'begun_at']).execute();
}
