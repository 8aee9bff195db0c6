import type { Dialect } from 'kysely';
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
