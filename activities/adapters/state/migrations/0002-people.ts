import type { Kysely, Migration } from 'kysely';
import { logs } from './logs.ts';
import { notices } from './notices.ts';
import { signIns } from './sign-ins.ts';

/** What people read and get: the page's sessions, the ends of logs, and notices that wait for their time. */
export const people: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .alterTable('outbox')
      .addColumn('due_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await notices(db);
    await signIns(db);
    await logs(db);
  },
};
