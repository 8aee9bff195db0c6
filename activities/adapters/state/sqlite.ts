import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, Dialect, SqliteDialectConfig } from 'kysely';

/** How long SQLite itself waits for another process, in milliseconds. This process stands still meanwhile. */
const BUSY_MS = 100;

/** SQLite in a file, which several processes of one machine may have open. */
export const sqliteIn = (file: string): Dialect =>
  new Immediate({
    database: async () => {
      const { default: Database } = await import('libsql');
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      const database = new Database(file);
      // Readers never wait for the writer. A commit outlives its process, and the file stays whole if the power fails.
      const pragmas = [`busy_timeout=${BUSY_MS}`, 'journal_mode=WAL', 'synchronous=NORMAL'];
      for (const pragma of pragmas) database.pragma(pragma);
      return database;
    },
  });

/**
 * Takes the right to write when a transaction begins. Otherwise a transaction that reads first fails when it writes, if
 * another process has written meanwhile.
 */
class Immediate extends SqliteDialect {
  constructor(private readonly config: SqliteDialectConfig) {
    super(config);
  }

  override createDriver() {
    return new ImmediateDriver(this.config);
  }

  override createAdapter() {
    return new TransactionalAdapter();
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

/** SQLite does change tables within transactions. In one, processes that start at once do not migrate at once. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
