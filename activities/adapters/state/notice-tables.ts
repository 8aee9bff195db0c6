import type { Generated } from 'kysely';

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
