import type { Migration } from 'kysely';
import type { Kind } from '../connecting.ts';
import { first } from './0001-first.ts';
import { people } from './0002-people.ts';

/**
 * The migrations, oldest first. A migration is never changed once it is released. It only adds, so that workers of the
 * build before go on while a newer build starts.
 */
export const migrationsOf = (kind: Kind): Record<string, Migration> => ({
  '0001-first': first(kind),
  '0002-people': people,
});
