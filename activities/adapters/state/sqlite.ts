import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, Dialect, SqliteDialectConfig, SqliteStatement } from 'kysely';

/** How long SQLite itself waits for another process, in milliseconds. This process stands still meanwhile. */
const BUSY_MS = 10;

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
      return { close: () => database.close(), prepare: (sql) => prepared(database, sql) };
    },
  });

/** The part of libsql's database that is used here. */
interface Libsql {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/**
 * libsql 0.5 never ends a prepared statement that has met a busy database, and then no commit succeeds: "SQL statements in
 * progress". So the right to write is taken by `exec`, which ends its statements, before any statement that writes.
 */
function prepared(database: Libsql, sql: string): SqliteStatement {
  if (/^(?:begin|commit|rollback)\b/.test(sql)) return { ...NOTHING, run: () => (database.exec(sql), NO_ROWS) };
  const statement = database.prepare(sql);
  if (database.inTransaction || /^\s*(?:select|pragma)\b/i.test(sql)) return statement;
  const within = <T>(work: () => T): T => {
    database.exec('begin immediate');
    try {
      const result = work();
      database.exec('commit');
      return result;
    } catch (failure) {
      if (database.inTransaction) database.exec('rollback');
      throw failure;
    }
  };
  return {
    reader: statement.reader,
    all: (parameters) => within(() => statement.all(parameters)),
    run: (parameters) => within(() => statement.run(parameters)),
    iterate: (parameters) => statement.iterate(parameters),
  };
}

const NO_ROWS = { changes: 0, lastInsertRowid: 0 };
const NOTHING = { reader: false, all: () => [], iterate: () => [].values() };

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
