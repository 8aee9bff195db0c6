import { PostgresDialect } from 'kysely';

/** How long to wait for a connection, and for one statement, in milliseconds. */
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** The most connections of one process. A server allows 100 by default. */
const CONNECTIONS = 8;

/** PostgreSQL at an address of the form `postgres://user:password@host:5432/database`. */
export function postgresAt(url: string): { dialect: PostgresDialect; shown: string } {
  const dialect = new PostgresDialect({
    pool: async () => {
      const { default: pg } = await import('pg');
      const pool = new pg.Pool({
        connectionString: url,
        max: CONNECTIONS,
        connectionTimeoutMillis: CONNECT_MS,
        statement_timeout: STATEMENT_MS,
        query_timeout: STATEMENT_MS + CONNECT_MS,
        // A process that is frozen within a transaction does not keep others waiting.
        idle_in_transaction_session_timeout: STATEMENT_MS,
        keepAlive: true,
        application_name: 'gatehouse',
        types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) },
      });
      pool.on('error', () => undefined); // An idle connection was cut. The next query makes a new one.
      // A connection that is cut between two statements of a transaction has nobody else to report to. The next one fails.
      pool.on('connect', (client) => client.on('error', () => undefined));
      return pool;
    },
  });
  const { host, pathname } = new URL(url);
  return { dialect, shown: `postgres://${host}${pathname}` };
}

/** The type of 64-bit integers, which the driver returns as text. Ours are times and counters far below 2^53. */
const INT8 = 20;
