import type { Generated } from 'kysely';

/** The tables of the ways in: webhooks, comments on pull requests, the HTTP door and its page. */
export interface DoorTables {
  deliveries: DeliveriesTable;
  comments: CommentsTable;
  comment_polls: CommentPollsTable;
  shown: ShownTable;
  installation: InstallationTable;
  tokens: TokensTable;
  requests: RequestsTable;
  sign_ins: SignInsTable;
  sign_in_links: SignInLinksTable;
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

/** Since when the new comments of a repository are read, and when they are read next. */
interface CommentPollsTable {
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

/** The tokens of programs that use the HTTP door. */
interface TokensTable {
  id: string;
  /** The SHA-256 of its text. */
  hash: string;
  name: string;
  /** What it may, as JSON. */
  may: string;
  workspace: string | null;
  created_at: number;
  expires_at: number;
  revoked_at: Generated<number | null>;
  used_at: Generated<number | null>;
}

/** The requests that came with an `Idempotency-Key`, and their answers. */
interface RequestsTable {
  caller: string;
  key: string;
  /** The SHA-256 of method, path and body. */
  request: string;
  /** Null: it has not been answered yet. */
  status: Generated<number | null>;
  /** The body of the answer, encrypted. */
  answer: Generated<string | null>;
  at: number;
}

/** The tables of what people were sent. */
export interface NoticeTables {
  digests: DigestsTable;
  slack_messages: SlackMessagesTable;
}

/** The digests that were made: at most one per person and day. */
interface DigestsTable {
  person: string;
  /** The day where the person is, as `2026-11-29`. */
  day: string;
  made_at: number;
}

/** The messages in Slack: one per wait and place. */
interface SlackMessagesTable {
  /** The channel or the person's id, as configured. */
  place: string;
  /** The run, and the notice's id and time. */
  wait: string;
  workflow_id: string;
  visit: string | null;
  /** What it shows, encrypted. */
  message: string;
  severity: string;
  /** Slack's own id of the channel. */
  channel: Generated<string | null>;
  /** Slack's own id of the message. Null: it is unknown whether it was posted. */
  ts: Generated<string | null>;
  begun_at: number;
  /** When it was updated for the last time, because somebody has answered. Null for those that may still change. */
  closed_at: Generated<number | null>;
}

/** The sessions of people. One that has ended has no row. */
interface SignInsTable {
  /** The SHA-256 of the session's secret. */
  hash: string;
  id: string;
  /** `github`, `gitea`, `oidc` or `link`. */
  through: string;
  /** The login there, the `sub` of OpenID Connect, or the name of the operating system's user. */
  login: string;
  created_at: number;
  /** When it was last used, within a minute. */
  seen_at: number;
}

/** The links that sign in once. */
interface SignInLinksTable {
  /** The SHA-256 of its secret. */
  hash: string;
  login: string;
  created_at: number;
  used_at: Generated<number | null>;
}
