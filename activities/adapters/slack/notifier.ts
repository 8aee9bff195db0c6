import type { Message, Notifier } from '../../ports.ts';
import type { Secret } from '../hosted/secrets.ts';
import type { State } from '../state/state.ts';
import { messageIn, type Look } from './blocks.ts';
import { Slack, SlackBusy, SlackRefused } from './calling.ts';
import { SlackRows, type Place } from './rows.ts';

export interface SlackOptions {
  /** The address of Slack's API. */
  api: string;
  token: Secret;
  state: State;
  /** Whether the door accepts buttons. */
  buttons: boolean;
  /** The member id of a person. Undefined: they have none any more. */
  idOf(person: string): string | undefined;
  log: (fields: object, message: string) => void;
}

/** The type of our messages' metadata, by which we find them again. */
const EVENT = 'gatehouse_notice';
/** How much Slack's clock may differ from ours, in seconds. */
const SKEW_S = 120;

/** Posts one message per wait, and updates it in place when it becomes urgent or is answered. */
export const slackNotifier = (options: SlackOptions): Notifier => new SlackNotifier(options);

class SlackNotifier implements Notifier {
  private readonly slack;
  private readonly rows;
  private notBefore = 0;

  constructor(private readonly options: SlackOptions) {
    this.slack = new Slack(options.api, options.token);
    this.rows = new SlackRows(options.state);
  }

  async deliver(message: Message): Promise<void> {
    const { to, key } = message;
    const place = to?.channel ?? (to?.person === undefined ? undefined : this.options.idOf(to.person));
    if (place === undefined) return this.drop(key, 'nobody has this address any more');
    const at = { place, wait: waitOf(message) };
    try {
      await this.show(at, message);
    } catch (failure) {
      if (failure instanceof SlackRefused && failure.final) return this.drop(key, failure.message);
      throw failure;
    }
  }

  /** Takes the buttons off the messages whose waits have ended, and says who has answered. */
  async refresh(): Promise<void> {
    if (Date.now() < this.notBefore || (await this.rows.ended()).length === 0) return;
    await this.options.state.leases.hold('slack answered', async () => {
      for (const row of await this.rows.ended()) {
        const by = await this.rows.answerTo(row.workflow_id, row.visit ?? '');
        await this.update(row, row.shown, { buttons: false, answered: { by } }).catch((failure: unknown) => {
          if (failure instanceof SlackBusy) this.notBefore = Date.now() + failure.retryAfterMs;
          if (!(failure instanceof SlackRefused && failure.final)) throw failure;
        });
        await this.rows.close(row);
      }
    });
  }

  private async show(at: Place, message: Message): Promise<void> {
    const { buttons } = this.options;
    const row = await this.rows.begin(at, message);
    const posted = row.ts ? row : row.before ? await this.seek(at, row.begunAt) : undefined;
    if (!posted) return this.post(at, message);
    if (!row.ts) await this.rows.posted(at, { channel: posted.channel ?? '', ts: posted.ts ?? '' });
    if (row.severity === message.notice.severity || row.closedAt) return undefined;
    await this.update({ ...at, ...posted }, message, { buttons });
    return this.rows.shows(at, message);
  }

  private async post(at: Place, message: Message): Promise<void> {
    const content = this.content(at, message, { buttons: this.options.buttons });
    try {
      const answer = await this.slack.call('chat.postMessage', async (client) =>
        client.chat.postMessage({ channel: at.place, ...content, unfurl_links: false, unfurl_media: false }),
      );
      await this.rows.posted(at, { channel: answer.channel ?? at.place, ts: answer.ts ?? '' });
    } catch (failure) {
      // Then it was not posted. After any other failure it may have been.
      if (failure instanceof SlackBusy || failure instanceof SlackRefused) await this.rows.forget(at);
      throw failure;
    }
  }

  private async update(
    at: Place & { channel?: string | null | undefined; ts?: string | null | undefined },
    message: Message,
    look: Look,
  ): Promise<void> {
    const [channel, ts] = [at.channel ?? at.place, at.ts ?? ''];
    const content = this.content(at, message, look);
    await this.slack.call('chat.update', (client) => client.chat.update({ channel, ts, ...content }));
  }

  private content({ wait }: Place, message: Message, look: Look) {
    const { workflowId, notice } = message;
    const { id, type, severity } = notice;
    const metadata = { event_type: EVENT, event_payload: { wait, run: workflowId, notice: id, type, severity } };
    return { ...messageIn(message, look), metadata };
  }

  /** Looks for a message whose posting was not confirmed. Undefined: it is not there, or may not be looked for. */
  private async seek({ place, wait }: Place, begunAt: number): Promise<{ channel: string; ts: string } | undefined> {
    try {
      const channel = await this.channelOf(place);
      if (channel === undefined) return undefined;
      const oldest = String(begunAt / 1_000 - SKEW_S);
      const { messages = [] } = await this.slack.call('conversations.history', (client) =>
        client.conversations.history({ channel, oldest, limit: 200, include_all_metadata: true }),
      );
      const found = messages.find(({ metadata }) => {
        const payload: { wait?: unknown } = metadata?.event_payload ?? {};
        return payload.wait === wait;
      });
      return found?.ts === undefined ? undefined : { channel, ts: found.ts };
    } catch (failure) {
      if (!(failure instanceof SlackRefused) || failure.code !== 'missing_scope') throw failure;
      this.options.log({ because: failure.message }, 'a message in Slack may be repeated: we may not look for it');
      return undefined;
    }
  }

  /** Slack's id of a channel by its name, or of the conversation with a person. */
  private async channelOf(place: string): Promise<string | undefined> {
    if (/^[UW]/.test(place)) {
      const { channel } = await this.slack.call('conversations.open', (client) =>
        client.conversations.open({ users: place }),
      );
      return channel?.id;
    }
    if (!place.startsWith('#')) return place;
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: string = cursor;
      const { channels = [], response_metadata } = await this.slack.call('conversations.list', (client) =>
        client.conversations.list({
          types: 'public_channel,private_channel',
          exclude_archived: true,
          limit: 1_000,
          ...(page && { cursor: page }),
        }),
      );
      const found = channels.find(({ name }) => `#${name}` === place);
      if (found) return found.id;
      cursor = response_metadata?.next_cursor || undefined;
    }
    return undefined;
  }

  private drop(delivery: string, because: string): void {
    this.options.log({ delivery, because }, 'Slack cannot take a notice: it is dropped');
  }
}

const waitOf = ({ key, workflowId, notice, digest }: Message): string =>
  digest ? key : `${workflowId}/${notice.id}@${notice.at}`;
