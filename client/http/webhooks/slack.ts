import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { personInSlack, personMay } from '../../../activities/adapters/configuration/acting.ts';
import type { Configuration } from '../../../activities/adapters/configuration/configuration.ts';
import { rowIn } from '../../../activities/adapters/state/run-values.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { actionNames, actions } from '../../../workflows/contracts/messages.ts';
import { pressed } from '../../../workflows/words/views/notice.ts';
import { NotFound, Refused } from '../../errors.ts';
import type { Runs } from '../../runs.ts';
import { refuse } from '../problems.ts';

/** How old a request may be, in seconds (docs.slack.dev/authentication/verifying-requests-from-slack). */
const MOST_AGE_S = 300;
/** Slack wants an answer within three seconds. What is not done by then goes on. In milliseconds. */
const ANSWER_MS = 2_000;
const REPLY_MS = 10_000;

export interface SlackParts {
  /** The signing secret of the Slack app. */
  secret: string;
  runs: Pick<Runs, 'act'>;
  state: State;
  configuration(): Pick<Configuration, 'people' | 'roles'>;
  /** The origins to which Slack may ask us to reply. */
  origins?: readonly string[];
}

const ORIGINS = ['https://hooks.slack.com'];

/** What our button carries. Slack's signature says that it is from one of our messages. */
const Pressed = z.object({
  run: z
    .string()
    .regex(/^run\/[^/]+\/[^/]+$/)
    .max(1_000),
  visit: z.string().min(1).max(200),
  action: z.enum(actionNames),
  head: z.string().max(200).optional(),
});
const Interaction = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().min(1).max(50) }),
  response_url: z.string().max(2_000).optional(),
  actions: z
    .array(
      z.object({
        action_id: z.string(),
        action_ts: z.string().min(1).max(50),
        value: z.string().max(2_000).optional(),
      }),
    )
    .min(1)
    .max(25),
});
type Interaction = z.output<typeof Interaction>;

/** Receives the buttons of our messages in Slack. */
export const receiveSlack =
  (parts: SlackParts) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (!isFromSlack(parts.secret, request, body)) {
      return refuse(reply, { status: 401, code: 'signature', detail: 'The signature is missing, wrong or too old.' });
    }
    const interaction = interactionIn(body);
    if (!interaction) return reply.code(200).send(); // of another kind, and without an effect
    const done = press(parts, interaction).catch((failure: unknown) => {
      request.log.warn({ because: (failure as Error).message }, 'a button in Slack was not taken');
      return pressed.unreachable();
    });
    const replied = done
      .then((text) => tell(parts, interaction, text))
      .catch((failure: unknown) => {
        request.log.warn({ because: (failure as Error).message }, 'Slack does not take a reply');
      });
    await Promise.race([replied, after(ANSWER_MS)]);
    return reply.code(200).send();
  };

/** Version 0 of Slack's signatures: over the time and the raw body, compared in constant time. */
function isFromSlack(secret: string, { headers }: FastifyRequest, body: Buffer, now = Date.now()): boolean {
  const [time, signature] = [headers['x-slack-request-timestamp'], headers['x-slack-signature']];
  if (typeof time !== 'string' || typeof signature !== 'string' || !/^\d{1,12}$/.test(time)) return false;
  const right = createHmac('sha256', secret).update(`v0:${time}:`).update(body).digest();
  const [, hex = ''] = /^v0=([0-9a-f]{64})$/.exec(signature) ?? [];
  const given = Buffer.from(hex, 'hex');
  if (given.length !== right.length || !timingSafeEqual(given, right)) return false;
  return Math.abs(now / 1_000 - Number(time)) <= MOST_AGE_S;
}

function interactionIn(body: Buffer): Interaction | undefined {
  try {
    return Interaction.safeParse(JSON.parse(new URLSearchParams(body.toString('utf8')).get('payload') ?? '')).data;
  } catch {
    return undefined;
  }
}

/** Sends the action of a button to its run. Returns what its presser reads, or undefined if the message itself changes. */
async function press(parts: SlackParts, { user, actions: [first] }: Interaction): Promise<string | undefined> {
  const button = pressedIn(first?.value);
  if (!first || !button || first.action_id !== button.action) return undefined; // such as a link
  const { run, action, visit, head } = button;
  const configuration = parts.configuration();
  const by = personInSlack(configuration, user.id);
  if (by === undefined) return pressed.unknownPerson();
  const place = await placeOf(parts.state, run);
  if (!personMay(configuration, by, { action, ...place })) return pressed.notAllowed();
  // Slack sends a press again if our answer is late. The run takes an id once.
  const actionId = `slack-${createHash('sha256').update(`${first.action_ts} ${user.id} ${first.value}`).digest('hex').slice(0, 40)}`;
  try {
    const done = await parts.runs.act(run, action, { actionId, by, visit, ...(head && { head }), via: 'slack' });
    const { label } = actions[action];
    return done.is === 'taken' ? pressed.taken(label) : pressed.queued(label);
  } catch (failure) {
    if (failure instanceof Refused || failure instanceof NotFound) return pressed.refused(failure.message);
    throw failure;
  }
}

function pressedIn(value: string | undefined) {
  try {
    return Pressed.safeParse(JSON.parse(value ?? '')).data;
  } catch {
    return undefined;
  }
}

async function placeOf(state: State, workflowId: string): Promise<{ repository: string; base: string }> {
  const row = await state.query((db) =>
    db.selectFrom('runs').select('state').where('workflow_id', '=', workflowId).executeTakeFirst(),
  );
  const { repository = '', base = '' } = row ? rowIn(row.state, state.cipher) : {};
  return { repository, base };
}

/** Tells the presser alone. */
async function tell({ origins = ORIGINS }: SlackParts, { response_url: url }: Interaction, text: string | undefined) {
  if (text === undefined || url === undefined || !URL.canParse(url) || !origins.includes(new URL(url).origin)) return;
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text: escaped }),
    redirect: 'error',
    signal: AbortSignal.timeout(REPLY_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`It answers ${response.status}.`);
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
