import { secretOf } from '../../worker/configuration/secret-files.ts';
import { BadVariables, type Variables } from '../../worker/configuration/variables.ts';
import type { Forge } from '../../worker/looking/opening.ts';
import { answered } from '../../worker/looking/standing.ts';
import { EVENTS } from '../http/webhooks/events.ts';
import type { Sender } from '../http/webhooks/signatures.ts';

/** What is entered at a forge, so that it sends webhooks. The secret itself is never shown. */
export interface WebhookSetUp {
  forge: Sender;
  /** Where webhooks go. Null: `GATEHOUSE_URL` is not set. */
  url: string | null;
  contentType: 'application/json';
  secret: { variable: string; configured: boolean };
  events: readonly string[];
  /** The page of the forge on which a webhook is made. */
  page?: string;
}

/** The variable of each forge's webhook secret. */
export const SECRET_OF = {
  github: 'GATEHOUSE_GITHUB_WEBHOOK_SECRET',
  gitea: 'GATEHOUSE_GITEA_WEBHOOK_SECRET',
} as const satisfies Record<Sender, string>;

const PAGES: Record<Sender, string> = { github: 'settings/hooks/new', gitea: 'settings/hooks' };

/** What to enter at a forge. `repository`: its canonical name. */
export function webhookSetUp(variables: Variables, forge: Sender, repository?: string): WebhookSetUp {
  const { GATEHOUSE_URL: url } = variables;
  return {
    forge,
    url: url === undefined ? null : `${url.replace(/\/+$/, '')}/webhooks/${forge}`,
    contentType: 'application/json',
    secret: { variable: SECRET_OF[forge], configured: secretOf(variables, SECRET_OF[forge]) !== undefined },
    events: EVENTS[forge],
    ...(repository !== undefined && { page: `${repository}/${PAGES[forge]}` }),
  };
}

/** A webhook as the forge has it. `absent`: there is none to this address. `unknown`: we may not ask. */
export type WebhookThere =
  { is: 'there'; active: boolean; lacks: string[] } | { is: 'absent' } | { is: 'unknown'; because: string };

/** Whether the repository's webhook to this address is there, and for all events. */
export async function webhookAt(
  forge: Pick<Forge, 'at'>,
  repository: string,
  { url, events }: Pick<WebhookSetUp, 'url' | 'events'>,
): Promise<WebhookThere> {
  if (url === null) return { is: 'unknown', because: 'GATEHOUSE_URL is not set' };
  const asked = await answered(async () => {
    const { api, repository: place } = await forge.at!(repository);
    return api.webhooks(place);
  });
  if (!('answer' in asked)) return { is: 'unknown', because: asked.because };
  const hook = asked.answer.find((each) => sameAddress(each.url, url));
  if (!hook) return { is: 'absent' };
  const all = hook.events.includes('*');
  return { is: 'there', active: hook.active, lacks: all ? [] : events.filter((each) => !covers(hook.events, each)) };
}

/** Gitea names some groups of events, which contain others. */
const covers = (events: readonly string[], event: string): boolean =>
  events.includes(event) || (event.startsWith('pull_request_review_') && events.includes('pull_request_review'));

const sameAddress = (one: string, other: string): boolean =>
  URL.canParse(one) && new URL(one).href === new URL(other).href;

/** Makes the webhook, unless it is there. Throws `BadVariables` if it lacks its address or its secret. */
export async function createWebhook(
  variables: Variables,
  forge: Pick<Forge, 'at'> & { name: string },
  repository: string,
): Promise<{ is: 'created' | 'there' } | { is: 'refused'; because: string }> {
  const sender = forge.name as Sender;
  const setUp = webhookSetUp(variables, sender);
  if (setUp.url === null) throw new BadVariables('GATEHOUSE_URL: expected the address at which forges reach the door');
  const secret = secretOf(variables, SECRET_OF[sender]);
  if (secret === undefined) throw new BadVariables(`${SECRET_OF[sender]}: expected the secret of the webhook`);
  const there = await webhookAt(forge, repository, setUp);
  if (there.is === 'there') return { is: 'there' };
  if (there.is === 'unknown') return { is: 'refused', because: there.because };
  const { url, events } = setUp;
  const made = await answered(async () => {
    const { api, repository: place } = await forge.at!(repository);
    await api.createWebhook(place, { url, secret, events: [...events] });
  });
  return 'answer' in made ? { is: 'created' } : { is: 'refused', because: made.because };
}
