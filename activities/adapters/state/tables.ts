import type { Generated } from 'kysely';
import type { DoorTables, NoticeTables } from './door-tables.ts';
import type { RunTables } from './run-tables.ts';
import type { WorkTables } from './work-tables.ts';

/**
 * The tables, as the newest migration leaves them. Times are milliseconds since 1970. Columns named after a schema hold its
 * JSON; whoever reads them parses them with that schema.
 */
export interface Tables extends RunTables, WorkTables, DoorTables, NoticeTables {
  sessions: SessionsTable;
  leases: LeasesTable;
  meter: MeterTable;
  texts: TextsTable;
  bundles: BundlesTable;
  outbox: OutboxTable;
  receipts: ReceiptsTable;
  changes: ChangesTable;
  own_commits: OwnCommitsTable;
  pulls: PullsTable;
}

/** A process that holds leases, or held them. */
interface SessionsTable {
  id: string;
  /** Identifies the process to those who can see it. */
  process: string;
  /** Its leases are valid until then, by the database's clock. */
  until: number;
  /** 1 if somebody has taken a lease from it. It must not go on. */
  ended: number;
}

/** What one process at a time does. */
interface LeasesTable {
  /** Grows with each lease that is given, so that a later owner has a higher one. */
  fence: Generated<number>;
  name: string;
  session: string;
}

/** The cost of each job. */
interface MeterTable {
  key: string;
  /** A calendar month in UTC, as `2026-11`. */
  month: string;
  at: string;
  cost_cents: number;
}

/** Large texts by their SHA-256. */
interface TextsTable {
  hash: string;
  text: string;
  kept_at: number;
  /** 1 once the record of a run names it. Then it is kept for good. */
  named: Generated<number>;
}

/** Commits that a forge refused, as git bundles. */
interface BundlesTable {
  workflow_id: string;
  repository: string;
  branch: string;
  commit: string;
  /** In Base64, encrypted. */
  bundle: string;
  kept_at: number;
}

/** Notices that are not delivered yet. */
interface OutboxTable {
  adapter: string;
  key: string;
  workflow_id: string;
  /** When the notice was made, in ISO 8601. The oldest is delivered first. */
  at: string;
  message: string;
  /** 1 if the message cannot be read. It is kept for people, and never delivered. */
  unreadable: number;
  /** It is not delivered before. */
  due_at: Generated<number>;
}

/** The time of the newest delivered notice of each workflow. */
interface ReceiptsTable {
  adapter: string;
  workflow_id: string;
  at: string;
}

/** A work branch: its pull request, and the run that has it. */
interface ChangesTable {
  /** The repository's canonical name. */
  repository: string;
  branch: string;
  base: string;
  number: number | null;
  title: string | null;
  body: string | null;
  state: string;
  merge_commit: string | null;
  ahead: string | null;
  /** What a hosted forge notes of the branch, as JSON. */
  hosted: string | null;
  owner_workflow: string | null;
  owner_run: string | null;
  /** Grows with each owner. */
  epoch: number;
  /** Grows with each change of the row. */
  version: number;
}

/** Commits that we have published, or were about to. */
interface OwnCommitsTable {
  repository: string;
  branch: string;
  commit: string;
}

/** The branch of each pull request, also of those that are closed. */
interface PullsTable {
  repository: string;
  number: number;
  branch: string;
}
