import type { Message } from '../../ports.ts';
import type { State } from '../state/state.ts';

/** How long messages are remembered, in milliseconds. Later, they are not changed any more. */
const REMEMBERED_MS = 90 * 86_400_000;

/** Identifies a message of ours: where it is, and the wait that it is about. */
export interface Place {
  place: string;
  wait: string;
}

/** The messages that we have in Slack, so that a repeat finds its own and an answer changes it. */
export class SlackRows {
  constructor(private readonly state: State) {}

  /** Notes that a message is about to be posted. `before`: that was noted before. */
  async begin({ place, wait }: Place, message: Message, now = Date.now()) {
    const { workflowId, notice } = message;
    const row = {
      ...{ place, wait },
      workflow_id: workflowId,
      visit: notice.visit ?? null,
      message: this.encrypted(message),
      severity: notice.severity,
      begun_at: now,
    };
    const { numInsertedOrUpdatedRows = 0n } = await this.state.query((db) =>
      db
        .insertInto('slack_messages')
        .values(row)
        .onConflict((conflict) => conflict.columns(['place', 'wait']).doNothing())
        .executeTakeFirst(),
    );
    const found = await this.find({ place, wait });
    return { begunAt: now, ...found, before: numInsertedOrUpdatedRows === 0n };
  }

  async posted({ place, wait }: Place, { channel, ts }: { channel: string; ts: string }): Promise<void> {
    await this.update({ place, wait }, { channel, ts });
  }

  async shows(at: Place, message: Message): Promise<void> {
    await this.update(at, { severity: message.notice.severity, message: this.encrypted(message) });
  }

  async close(at: Place, now = Date.now()): Promise<void> {
    await this.update(at, { closed_at: now });
  }

  /** Forgets a message that Slack has refused, so that a repeat need not look for it. */
  async forget({ place, wait }: Place): Promise<void> {
    await this.state.query((db) =>
      db.deleteFrom('slack_messages').where('place', '=', place).where('wait', '=', wait).execute(),
    );
  }

  /** The messages with buttons whose run no longer has their wait, and how it was answered. */
  async ended(now = Date.now()) {
    await this.state.query((db) =>
      db
        .deleteFrom('slack_messages')
        .where('begun_at', '<', now - REMEMBERED_MS)
        .execute(),
    );
    const rows = await this.state.query((db) =>
      db
        .selectFrom('slack_messages as m')
        .innerJoin('runs', 'runs.workflow_id', 'm.workflow_id')
        .select(['m.place', 'm.wait', 'm.channel', 'm.ts', 'm.message', 'm.visit', 'm.workflow_id'])
        .select(['runs.ended_at', 'runs.waiting_since'])
        .where('m.closed_at', 'is', null)
        .where('m.visit', 'is not', null)
        .where('m.ts', 'is not', null)
        .where((each) =>
          each.or([
            each('runs.ended_at', 'is not', null),
            each('runs.visit', 'is', null),
            each('runs.visit', '!=', each.ref('m.visit')),
          ]),
        )
        .limit(100)
        .execute(),
    );
    return rows
      .map((row) => ({ ...row, shown: JSON.parse(this.state.cipher.decrypt(row.message)) as Message }))
      .filter(({ ended_at, waiting_since, shown }) => ended_at !== null || waiting_since > Date.parse(shown.notice.at));
  }

  /** Who has ended a wait, by which action. Undefined: nobody. */
  async answerTo(workflowId: string, visit: string): Promise<{ who?: string; action: string } | undefined> {
    const row = await this.state.query((db) =>
      db
        .selectFrom('audit')
        .select(['who', 'action'])
        .where('workflow_id', '=', workflowId)
        .where('visit', '=', visit)
        .where('verdict', '=', 'taken')
        .orderBy('at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row && { action: row.action, ...(row.who !== null && { who: row.who }) };
  }

  private async find({ place, wait }: Place) {
    const row = await this.state.query((db) =>
      db
        .selectFrom('slack_messages')
        .select(['channel', 'ts', 'severity', 'begun_at as begunAt', 'closed_at as closedAt'])
        .where('place', '=', place)
        .where('wait', '=', wait)
        .executeTakeFirst(),
    );
    return row;
  }

  private async update({ place, wait }: Place, values: object): Promise<void> {
    await this.state.query((db) =>
      db.updateTable('slack_messages').set(values).where('place', '=', place).where('wait', '=', wait).execute(),
    );
  }

  private encrypted = (message: Message): string => this.state.cipher.encrypt(JSON.stringify(message));
}
