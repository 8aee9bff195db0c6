import { Migrator, sql, type Kysely } from 'kysely';
import type { Kind } from './connecting.ts';
import { NewerSchema } from './failures.ts';
import { migrationsOf } from './migrations/index.ts';

/** How often a process tries again if another one migrates at the same time. */
const TRIES = 50;
const PAUSE_MS = 100;

/** Applies the migrations that the database lacks. Processes that start at once wait for each other. */
export async function migrate<Tables>(db: Kysely<Tables>, kind: Kind): Promise<void> {
  const migrations = migrationsOf(kind);
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  for (let tries = 1; ; tries += 1) {
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) return;
    if (isNewer(error)) throw newer(await applied(db), Object.keys(migrations));
    if (tries >= TRIES || !isConcurrent(error)) throw error as Error;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** The names of the migrations that were applied, oldest first. */
async function applied<Tables>(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

function newer(there: string[], known: string[]): NewerSchema {
  const added = there.filter((name) => !known.includes(name));
  return new NewerSchema(
    `A newer build has changed the database (${added.join(', ')}). Start that build or a later one, or restore a backup from before.`,
  );
}

/** The migrator's error for applied migrations that it does not know. */
const isNewer = (failure: unknown): boolean =>
  /^corrupted migrations: previously executed migration .* is missing/.test((failure as Error).message);

/** Another process holds the lock, or has made the migrator's own tables in this moment. */
const isConcurrent = (failure: unknown): boolean =>
  /^(?:SQLITE_(?:BUSY|LOCKED|CONSTRAINT)|23505$|42P07$|40)/.test((failure as { code?: string }).code ?? '');
