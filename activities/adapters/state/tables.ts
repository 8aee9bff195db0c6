import type { Generated } from 'kysely';
import type { RunTables } from './run-tables.ts';
import type { WorkTables } from './work-tables.ts';

/**
 * The tables, as the newest migration leaves them. Times are milliseconds since 1970. Columns named after a schema hold its
 * JSON; whoever reads them parses them with that schema.
 */
export interface Tables extends RunTables, WorkTables {
  sessions: SessionsTable;
  leases: LeasesTable;
  meter: MeterTable;
  texts: TextsTable;
  outbox: OutboxTable;
  receipts: ReceiptsTable;
  changes: ChangesTable;
  own_commits: OwnCommitsTable;
  pulls: PullsTable;
  deliveries: DeliveriesTable;
  comments: CommentsTable;
  comment_looks: CommentLooksTable;
  shown: ShownTable;
  installation: InstallationTable;
}

/** The webhooks that forges have delivered. */
interface DeliveriesTable {
  /** `github` or `gitea`. */
  sender: string;
  /** The forge's own id of the delivery. */
  id: string;
  event: string;
  /** The repository's address in lower case. */
  repository: string;
  /** What it names, encrypted. */
  delivery: string;
  received_at: number;
  /** When it was passed on to the runs. */
  handled_at: Generated<number | null>;
}

/** Since when the new comments of a repository are read, and when they are read next. */
interface CommentLooksTable {
  repository: string;
  /** ISO time. */
  since: string;
  due_at: number;
}

/** What the pull request of a run shows of it. */
interface ShownTable {
  workflow_id: string;
  /** The report of the run that was shown last. */
  run_id: string;
  seq: number;
  /** When it is looked at next. */
  due_at: number;
  /** When our comment's marker was last renewed. */
  renewed_at: number;
  /** The head that our comment names. */
  head: string | null;
  /** A hash of the commit status and its head. */
  status: string | null;
  comment_id: number | null;
  /** A hash of our comment. */
  comment: string | null;
  /** The last refused command, as JSON, encrypted. */
  refused: string | null;
}

/** This installation: all workers that share the database. */
interface InstallationTable {
  one: number;
  id: string;
}

/** The comments on pull requests of ours that may be commands, by the forge's own id. */
interface CommentsTable {
  /** The repository's canonical name. */
  repository: string;
  id: number;
  /** The number of the pull request. */
  number: number;
  /** Its text as a webhook brought it, encrypted. */
  body: string | null;
  noticed_at: number;
  /** When it is handled next. */
  due_at: number;
  /** The run to which its command was sent, and when. */
  workflow_id: string | null;
  sent_at: number | null;
  /** `none`: it is no command. Null: it is not handled yet. */
  answer: string | null;
  /** Why it was refused, encrypted. */
  because: string | null;
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
