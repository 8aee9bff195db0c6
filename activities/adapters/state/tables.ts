import type { Generated } from 'kysely';
import type { RunTables } from './run-tables.ts';

/**
 * The tables, as the newest migration leaves them. Times are milliseconds since 1970. Columns named after a schema hold its
 * JSON; whoever reads them parses them with that schema.
 */
export interface Tables extends RunTables {
  sessions: SessionsTable;
  leases: LeasesTable;
  meter: MeterTable;
  texts: TextsTable;
  outbox: OutboxTable;
  receipts: ReceiptsTable;
  changes: ChangesTable;
  own_commits: OwnCommitsTable;
  pulls: PullsTable;
  jobs: JobsTable;
  environments: EnvironmentsTable;
  checks: ChecksTable;
  deliveries: DeliveriesTable;
  comments: CommentsTable;
  comment_looks: CommentLooksTable;
  shown: ShownTable;
  installation: InstallationTable;
  runners: RunnersTable;
  sights: SightsTable;
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

/** The jobs of agents. Columns with JSON are null until they are known. */
interface JobsTable {
  key: string;
  /** The id of the data folder where it runs. */
  runner: string;
  at: number;
  /** 1 until the job has a report and its checkout is gone. */
  unfinished: number;
  job: string | null;
  begun: string | null;
  made: string | null;
  owner: string | null;
  report: string | null;
}

/** Environments that run as processes. */
interface EnvironmentsTable {
  key: string;
  /** The id of the data folder where it runs. */
  runner: string;
  at: number;
  /** 1 until it was removed and nothing of it is left. */
  unfinished: number;
  port: number | null;
  ready: string | null;
  expire_minutes: number | null;
  live_at: string | null;
  url: string | null;
  removed: string | null;
}

/** Runs of checks as commands. */
interface ChecksTable {
  /** `<repository>/<commit>/<check and command>/<run>` */
  name: string;
  /** The id of the data folder where it runs. */
  runner: string;
  /** The name without the number of the run. */
  check_name: string;
  n: number;
  at: number;
  /** 1 until it has a verdict and its checkout is gone. */
  unfinished: number;
  /** The round, branch and repository of the run for which it began. */
  round: string;
  branch: string;
  repository: string | null;
  /** The verdict. Null while there is none. */
  conclusion: string | null;
  verdict_round: string | null;
  log: string | null;
}

/** The processes that run jobs, checks and environments. Times are milliseconds since 1970 by the database's clock. */
interface RunnersTable {
  /** Identifies the process. */
  worker: string;
  /** The id of its data folder. Processes that share a data folder are one runner. */
  runner: string;
  machine: string;
  started_at: number;
  seen_at: number;
  draining_since: number | null;
  /** How long it may not be heard of before what it runs is lost. */
  lost_ms: number;
  /** When others have taken what it ran for lost. Null again once it knows. */
  lost_at: number | null;
}

/** Whether a runner finds a repository that is given by a path. */
interface SightsTable {
  runner: string;
  repository: string;
  /** 1 if it does. */
  seen: number;
  at: number;
}
