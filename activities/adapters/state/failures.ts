/**
 * The database could not be asked, or did not answer. This is a transient failure. A change whose answer was lost may have
 * been made.
 */
export class StateUnavailable extends Error {
  override readonly name = 'StateUnavailable';
}

/** A newer build has changed the database. This build cannot know what the change means, so it must not go on. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';
}

/** The lease has expired and somebody else may have taken it, so nothing may be written in its name. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** SQLite's result codes for a database that is busy, full, unreadable or not there (sqlite.org/rescode.html). */
const SQLITE = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|NOMEM|PROTOCOL|INTERRUPT)/;
/**
 * PostgreSQL's classes for lost connections (08), transactions to be retried (40), a lack of resources (53), interventions
 * of an operator (57), system errors (58), and the codes for a server that takes no writes (25006) and a cancelled
 * transaction (25P02, 25P03) (postgresql.org/docs/current/errcodes-appendix.html).
 */
const POSTGRES = /^(?:08|40|53|57|58)...$|^25(?:006|P02|P03)$/;
/** Errors of the network and of the folder of the file, by Node's codes. An operator may mend them meanwhile. */
const SYSTEM =
  /^E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND|NOENT|NOTDIR|EXIST|ACCES|PERM|ROFS|NOSPC|DQUOT)$/;
/** Errors without a code, of the two drivers. */
const WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Unable to open connection|Client has encountered/;

/** Whether the database may answer later. */
export function isTransient(failure: unknown): boolean {
  const { code = '', message = '' } = failure as { code?: string; message?: string };
  return [SQLITE, POSTGRES, SYSTEM].some((codes) => codes.test(code)) || WORDS.test(message);
}

/** Whether another process had the database at this moment. Asking again soon is expected to succeed. */
export const isBusy = (failure: unknown): boolean =>
  /^(?:SQLITE_(?:BUSY|LOCKED)|40001$|40P01$)/.test((failure as { code?: string }).code ?? '');
