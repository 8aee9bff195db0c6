import { sql, type Dialect, type RawBuilder } from 'kysely';
import { postgresAt } from './postgres.ts';
import { sqliteIn } from './sqlite.ts';

export type Kind = 'sqlite' | 'postgres';

/** Where the database is: PostgreSQL at an address, or SQLite in a file. */
export type Location = { url: string } | { file: string };

export interface Connecting {
  kind: Kind;
  dialect: Dialect;
  /** The place in words, without user and password. */
  shown: string;
}

export const connecting = (location: Location): Connecting =>
  'url' in location
    ? { kind: 'postgres', ...postgresAt(location.url) }
    : { kind: 'sqlite', dialect: sqliteIn(location.file), shown: location.file };

/** The present time by the clock that all processes share, in milliseconds since 1970. */
export const nowOf = (kind: Kind): RawBuilder<number> =>
  kind === 'postgres'
    ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
    : sql<number>`${Date.now()}`; // all processes are on one machine
