import type { State } from '../../state/state.ts';

/** A forge may deliver a webhook again for a few days. It is remembered for a week at least, in milliseconds. */
const REDELIVERED_MS = 7 * 86_400_000;

/** When the oldest live run began, in milliseconds since 1970. */
export async function oldestLive(state: State): Promise<number | undefined> {
  const row = await state.query((db) =>
    db
      .selectFrom('runs')
      .select(({ fn }) => fn.min<number | null>('started_at').as('at'))
      .where('ended_at', 'is', null)
      .executeTakeFirst(),
  );
  return row?.at ?? undefined;
}

/** Removes texts that were kept before a time and that the record of no run names. Returns how many. */
export async function pruneTexts(state: State, before: number, most: number): Promise<number> {
  return state.transaction(async (db) => {
    const rows = await db
      .selectFrom('texts')
      .select('hash')
      .where('named', '=', 0)
      .where('kept_at', '<', before)
      .limit(most)
      .execute();
    const hashes = rows.map(({ hash }) => hash);
    if (hashes.length > 0) await db.deleteFrom('texts').where('hash', 'in', hashes).execute();
    return hashes.length;
  });
}

/** Removes bundles that were kept before a time. Returns how many. */
export async function pruneBundles(state: State, before: number, most: number): Promise<number> {
  return state.transaction(async (db) => {
    const rows = await db
      .selectFrom('bundles')
      .select(['workflow_id', 'commit'])
      .where('kept_at', '<', before)
      .limit(most)
      .execute();
    for (const { workflow_id, commit } of rows)
      await db.deleteFrom('bundles').where('workflow_id', '=', workflow_id).where('commit', '=', commit).execute();
    return rows.length;
  });
}

/** Removes the ends of logs that were kept before a time. Returns how many. */
export async function pruneLogEnds(state: State, before: number, most: number): Promise<number> {
  return state.transaction(async (db) => {
    const rows = await db
      .selectFrom('logs')
      .select(['key', 'stream'])
      .where('kept_at', '<', before)
      .limit(most)
      .execute();
    for (const { key, stream } of rows)
      await db.deleteFrom('logs').where('key', '=', key).where('stream', '=', stream).execute();
    return rows.length;
  });
}

/** Removes webhooks that were passed on before a time. Returns how many. */
export async function pruneDeliveries(state: State, before: number, most: number, now = Date.now()): Promise<number> {
  const handled = Math.min(before, now - REDELIVERED_MS);
  return state.transaction(async (db) => {
    const rows = await db
      .selectFrom('deliveries')
      .select(['sender', 'id'])
      .where('handled_at', '<', handled)
      .limit(most)
      .execute();
    for (const { sender, id } of rows)
      await db.deleteFrom('deliveries').where('sender', '=', sender).where('id', '=', id).execute();
    return rows.length;
  });
}
