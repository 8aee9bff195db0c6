import { z } from 'zod';
import { Notice } from '../../../workflows/contracts/notices.ts';
import { Task } from '../../../workflows/contracts/pipeline-run.ts';
import type { Message } from '../../ports.ts';
import type { State } from '../state/state.ts';

const Run = z.object({
  workflowId: z.string(),
  task: z.object({ id: z.string(), title: z.string() }),
  repository: z.string(),
  head: z.string().optional(),
  visit: z.string().optional(),
  detail: z.string(),
  since: z.string(),
  offers: z.array(z.string()),
  page: z.string().optional(),
});
const Kept = z.object({
  key: z.string(),
  workflowId: z.string(),
  task: Task,
  notice: Notice,
  to: z.object({ channel: z.string().optional(), person: z.string().optional() }).optional(),
  digest: z.array(Run).optional(),
});

/** The message of a row. Undefined if it cannot be read. */
export function messageOf({ message }: { message: string }): Message | undefined {
  try {
    return Kept.parse(JSON.parse(message));
  } catch {
    return undefined;
  }
}

/** The messages that are due. */
const waitingIn = (state: State, adapter: string) =>
  state.query((db) =>
    db
      .selectFrom('outbox')
      .select(['key', 'workflow_id as workflowId', 'at'])
      .where('adapter', '=', adapter)
      .where('unreadable', '=', 0)
      .where('due_at', '<=', Date.now())
      .orderBy('at')
      .orderBy('key')
      .execute(),
  );

const firstIn = (state: State, adapter: string) =>
  state.query((db) =>
    db
      .selectFrom('outbox')
      .select(['key', 'message'])
      .where('adapter', '=', adapter)
      .where('unreadable', '=', 0)
      .where('due_at', '<=', Date.now())
      .orderBy('at')
      .orderBy('key')
      .limit(1)
      .executeTakeFirst(),
  );

/** The rows of one notifier's outbox. */
export const outboxRows = (state: State, adapter: string) => {
  return {
    waiting: () => waitingIn(state, adapter),

    async keep(message: Message, dueAt = 0): Promise<void> {
      const { key, workflowId, notice } = message;
      const row = { adapter, key, workflow_id: workflowId, at: notice.at, message: JSON.stringify(message) };
      await state.query((db) =>
        db
          .insertInto('outbox')
          .values({ ...row, unreadable: 0, due_at: dueAt })
          .onConflict((conflict) => conflict.doNothing())
          .execute(),
      );
    },

    /** When the next message is due that may not be sent yet, in milliseconds since 1970. */
    async nextDue(): Promise<number | undefined> {
      const row = await state.query((db) =>
        db
          .selectFrom('outbox')
          .select('due_at')
          .where('adapter', '=', adapter)
          .where('unreadable', '=', 0)
          .where('due_at', '>', Date.now())
          .orderBy('due_at')
          .limit(1)
          .executeTakeFirst(),
      );
      return row?.due_at;
    },

    /** The oldest message that is due. */
    first: () => firstIn(state, adapter),

    /** The time of the newest delivered notice of each workflow. */
    async receipts(): Promise<Record<string, string>> {
      const rows = await state.query((db) =>
        db.selectFrom('receipts').select(['workflow_id', 'at']).where('adapter', '=', adapter).execute(),
      );
      return Object.fromEntries(rows.map((row) => [row.workflow_id, row.at]));
    },

    delivered: ({ key, workflowId, notice: { at } }: Message): Promise<void> =>
      state.transaction(async (db) => {
        await db.deleteFrom('outbox').where('adapter', '=', adapter).where('key', '=', key).execute();
        await db
          .insertInto('receipts')
          .values({ adapter, workflow_id: workflowId, at })
          .onConflict((conflict) => conflict.columns(['adapter', 'workflow_id']).doUpdateSet({ at }))
          .execute();
      }),

    /** Keeps a message that cannot be read for people. It is not delivered. */
    async setAside(key: string): Promise<void> {
      await state.query((db) =>
        db.updateTable('outbox').set({ unreadable: 1 }).where('adapter', '=', adapter).where('key', '=', key).execute(),
      );
    },
  };
};
