import type { State } from '../../../activities/adapters/state/state.ts';
import { Named } from './events.ts';
import type { Sender } from './signatures.ts';

/** A delivery that was handled within this time is not handled again, in milliseconds. */
const REMEMBERED_MS = 7 * 86_400_000;

export interface Delivery {
  sender: Sender;
  id: string;
  event: string;
  named: Named;
}

/** The webhooks that the door has accepted. They are kept until they have been passed on, whatever is down meanwhile. */
export class Deliveries {
  constructor(private readonly state: State) {}

  /** Keeps a delivery. False: it was accepted before, and has been handled or will be. */
  async accept({ sender, id, event, named }: Delivery, now = Date.now()): Promise<boolean> {
    const { cipher } = this.state;
    const delivery = cipher.encrypt(JSON.stringify(named));
    return this.state.transaction(async (db) => {
      await db
        .deleteFrom('deliveries')
        .where('sender', '=', sender)
        .where('id', '=', id)
        .where('handled_at', '<', now - REMEMBERED_MS)
        .execute();
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('deliveries')
        .values({ sender, id, event, repository: repositoryKey(named.repository), delivery, received_at: now })
        .onConflict((conflict) => conflict.columns(['sender', 'id']).doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    });
  }

  /** Those that were accepted before this time and have not been passed on, oldest first. */
  async waiting(before: number, most = 100): Promise<Delivery[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('deliveries')
        .selectAll()
        .where('handled_at', 'is', null)
        .where('received_at', '<', before)
        .orderBy('received_at')
        .limit(most)
        .execute(),
    );
    return rows.map(({ sender, id, event, delivery }) => ({
      sender: sender as Sender,
      id,
      event,
      named: Named.parse(JSON.parse(this.state.cipher.decrypt(delivery))),
    }));
  }

  async handled({ sender, id }: Pick<Delivery, 'sender' | 'id'>, now = Date.now()): Promise<void> {
    await this.state.query((db) =>
      db.updateTable('deliveries').set({ handled_at: now }).where('sender', '=', sender).where('id', '=', id).execute(),
    );
  }

  /** When the last webhook of a forge came, in milliseconds since 1970. */
  async last(sender: Sender): Promise<number | undefined> {
    const row = await this.state.query((db) =>
      db
        .selectFrom('deliveries')
        .select('received_at')
        .where('sender', '=', sender)
        .orderBy('received_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row?.received_at;
  }
}

/** Forges take the names of repositories in any case. */
export const repositoryKey = (repository: string): string => repository.toLowerCase();
