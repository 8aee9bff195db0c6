import { LogLevel, WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebClient } from '@slack/web-api';
import type { Secret } from '../hosted/secrets.ts';

/** The time limit of one call, in milliseconds. */
const TIMEOUT_MS = 15_000;
/** Refusals of the token itself. One in a file may have been replaced. */
const TOKEN = new Set(['invalid_auth', 'not_authed', 'token_revoked', 'token_expired', 'account_inactive']);
/** Refusals that no repeat changes (docs.slack.dev/reference/methods/chat.postMessage). */
const FINAL = new Set([
  'channel_not_found',
  'not_in_channel',
  'is_archived',
  'user_not_found',
  'user_disabled',
  'cannot_dm_bot',
  'messages_tab_disabled',
  'restricted_action',
  'msg_too_long',
  'msg_blocks_too_long',
  'invalid_blocks',
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
]);

/** Slack has refused a call. `code` is its own word. `final`: a repeat is refused as well. */
export class SlackRefused extends Error {
  override readonly name = 'SlackRefused';
  readonly final: boolean;

  constructor(
    readonly method: string,
    readonly code: string,
  ) {
    super(`Slack answers ${code} to ${method}.`);
    this.final = FINAL.has(code);
  }
}

/** Slack wants fewer calls. Nothing has happened. */
export class SlackBusy extends Error {
  override readonly name = 'SlackBusy';

  constructor(readonly retryAfterMs: number) {
    super('Slack answers 429.');
  }
}

/** Calls Slack's API once per call: what fails is repeated by the outbox, which first looks at what was posted. */
export class Slack {
  constructor(
    private readonly api: string,
    private readonly token: Secret,
  ) {}

  async call<Answer>(method: string, work: (client: WebClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.once(method, work);
    } catch (failure) {
      if (!(failure instanceof SlackRefused) || !TOKEN.has(failure.code) || !this.token.renew()) throw failure;
      return this.once(method, work);
    }
  }

  private async once<Answer>(method: string, work: (client: WebClient) => Promise<Answer>): Promise<Answer> {
    const client = new WebClient(this.token.current, {
      slackApiUrl: this.api.endsWith('/') ? this.api : `${this.api}/`,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      timeout: TIMEOUT_MS,
      logLevel: LogLevel.ERROR,
      logger: SILENT, // its lines may contain what we send
    });
    try {
      return await work(client);
    } catch (failure) {
      throw named(method, failure);
    }
  }
}

/** An error without the request, which has the token. */
function named(method: string, failure: unknown): Error {
  if (failure instanceof WebAPIRateLimitedError) return new SlackBusy(failure.retryAfter * 1_000);
  if (failure instanceof WebAPIPlatformError) return new SlackRefused(method, failure.data.error);
  if (failure instanceof WebAPIHTTPError) return new Error(`Slack answers ${failure.statusCode} to ${method}.`);
  return new Error(`Slack does not answer ${method}.`);
}

const nothing = (): void => undefined;
const SILENT = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

/** Whether the token is valid. Returns why not, if it is not. */
export async function verify(api: string, token: Secret): Promise<string | undefined> {
  try {
    await new Slack(api, token).call('auth.test', (client) => client.auth.test());
    return undefined;
  } catch (failure) {
    return (failure as Error).message;
  }
}
