import {
  client,
  PROTOCOL_VERSION,
  RequestError,
  type ClientConnection,
  type ClientContext,
} from '@agentclientprotocol/sdk';
import { z } from 'zod';
import type { Conversation, ConversationOpening, Open, Seen, Spent, Turn } from '../conversation.ts';
import { choicesFor, Session } from './choosing.ts';
import { Complaints, LOGGING } from './complaints.ts';
import { Ended, turnOf, turnOfError, unoffered, withText } from './ending.ts';
import { messagesOf } from './messages.ts';
import { isAllowed, outcomeOf, PermissionQuestion } from './permissions.ts';
import { AgentProgram } from './program.ts';
import { Notification, Reading, tokensOf } from './updates.ts';

export { shellCommand } from './program.ts';

/** How long a cancelled agent has to answer its prompt, and to end by itself after its last one, in milliseconds. */
const CANCEL_MS = 1_000;

/** How long the end of a program whose output has ended is waited for, in milliseconds. */
const CLOSED_MS = 1_000;

interface Options {
  /** A line that the program prints besides the protocol. */
  complain?(line: string): void;
}

/**
 * Talks to any program that speaks the Agent Client Protocol. It is offered neither our file system nor our terminals: an
 * agent that edits and runs by itself works in the checkout under the supervisor's limits, and there is one way less to reach
 * what is outside.
 */
export const acp =
  ({ complain = () => undefined }: Options = {}): Open =>
  (opening) =>
    Promise.resolve(new AcpConversation(opening, complain));

const Initialized = z.looseObject({
  protocolVersion: z.number(),
  agentInfo: z
    .looseObject({ name: z.string().catch('') })
    .nullish()
    .catch(undefined),
});
const Answered = z.looseObject({ stopReason: z.string(), usage: z.unknown().optional() });

class AcpConversation implements Conversation {
  private readonly program;
  private readonly connection: ClientConnection;
  private readonly reading;
  private readonly complaints;
  /** Rejects with the reason why the agent cannot go on. */
  private readonly lost: Promise<never>;
  private lose!: (ended: Ended) => void;
  private session: Promise<Session> | undefined;
  private sessionId: string | undefined;
  private agent: string | undefined;
  private tokens: Spent = {};
  private denied = false;

  constructor(
    private readonly opening: ConversationOpening,
    complain: (line: string) => void,
  ) {
    const { program, cwd, signal } = opening;
    this.reading = new Reading((event) => this.seen(event));
    this.lost = new Promise((_, reject) => (this.lose = reject));
    this.lost.catch(() => undefined);
    this.complaints = new Complaints({
      seen: opening.seen,
      end: (notNow) => this.lose(new Ended({ is: 'notNow', ...notNow })),
    });
    const read = (line: string) => void (this.complaints.read(line, this.sessionId) && complain(line));
    const env = { ...LOGGING, ...opening.env };
    this.program = new AgentProgram({ program: [...program, ...opening.arguments], cwd, env, complain: read });
    void this.program.ended.then((how) => this.lose(new Ended(turnOf(how))));
    const stream = messagesOf(this.program.child.stdout, this.program.child.stdin, {
      notified: (method, params) => this.notified(method, params),
      nonsense: read,
      lost: (because) => this.lose(new Ended({ is: 'failed', because })),
    });
    this.connection = client({ name: 'gatehouse' })
      .onRequest('session/request_permission', PermissionQuestion, ({ params }) => this.permission(params))
      .connect(stream);
    signal.addEventListener('abort', () => void this.cancel(), { once: true });
  }

  async ask(prompt: string): Promise<Turn> {
    try {
      const { sessionId } = await Promise.race([(this.session ??= this.begin()), this.lost]);
      this.reading.begin();
      this.denied = false;
      this.complaints.begin();
      const content = [{ type: 'text', text: prompt }];
      const answer = await this.request('session/prompt', { sessionId, prompt: content }, Answered);
      this.tokens = { ...this.tokens, ...tokensOf(answer.usage, this.agent) };
      return this.turn(answer.stopReason);
    } catch (failure) {
      return { ...(await this.failedTurn(failure)), spent: this.spent };
    } finally {
      this.complaints.end();
    }
  }

  async close(): Promise<void> {
    await this.program.end({ graceMs: this.opening.signal.aborted ? 0 : CANCEL_MS });
    this.connection.close();
  }

  private async begin(): Promise<Session> {
    const hello = {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: {},
      clientInfo: { name: 'gatehouse', version: '0' },
    };
    const { protocolVersion, agentInfo } = await this.request('initialize', hello, Initialized);
    if (protocolVersion !== PROTOCOL_VERSION) {
      const because = `It speaks version ${protocolVersion} of the Agent Client Protocol, and gatehouse version ${PROTOCOL_VERSION}.`;
      throw new Ended({ is: 'failed', because });
    }
    this.agent = agentInfo?.name;
    const session = await this.request('session/new', { cwd: this.opening.cwd, mcpServers: [] }, Session);
    this.sessionId = session.sessionId;
    const chosen = choicesFor(session, this.opening);
    if ('unoffered' in chosen) throw new Ended(unoffered(chosen, this.opening));
    for (const { method, params } of chosen.choices) await this.request(method, params, z.unknown());
    return session;
  }

  private async request<T>(method: string, params: object, schema: z.ZodType<T>): Promise<T> {
    const { agent }: { agent: ClientContext } = this.connection;
    const answer: unknown = await Promise.race([agent.request(method, params), this.lost]);
    const { data, success } = schema.safeParse(answer);
    if (success) return data;
    throw new Ended({ is: 'failed', because: `Its answer to ${method} does not fit the Agent Client Protocol.` });
  }

  private async failedTurn(failure: unknown): Promise<Exclude<Turn, { is: 'answered' }>> {
    if (failure instanceof Ended) return failure.turn;
    if (failure instanceof RequestError) return turnOfError(failure);
    // The connection is closed. How the program ended says more.
    const closed = wait(CLOSED_MS).then(() => 'It closed its output without an answer.');
    return turnOf(await Promise.race([this.program.ended, closed]));
  }

  private turn(stopReason: string): Turn {
    const { spent } = this;
    const { text } = this.reading;
    switch (stopReason) {
      case 'end_turn':
        return { is: 'answered', text, refused: this.denied && !this.reading.isActive, spent };
      case 'cancelled':
      case 'refusal':
        if (this.denied) return { is: 'answered', text, refused: true, spent };
        return {
          is: 'failed',
          because: stopReason === 'refusal' ? withText('The model refuses', text) : 'It was cancelled.',
          spent,
        };
      case 'max_tokens':
        return { is: 'failed', because: 'It reached the limit of tokens of its model.', spent };
      case 'max_turn_requests':
        return { is: 'failed', because: 'It reached the limit of requests of one turn.', spent };
      default:
        return {
          is: 'failed',
          because: `It stopped for a reason that is not known: ${stopReason.slice(0, 100)}.`,
          spent,
        };
    }
  }

  private get spent(): Spent | undefined {
    const { costCents } = this.reading;
    const spent = { ...this.tokens, ...(costCents !== undefined && { costCents }) };
    return Object.keys(spent).length > 0 ? spent : undefined;
  }

  /** Sessions of others, for example of agents below this one, count as activity only. */
  private notified(method: string, params: unknown): void {
    const { data } = Notification.safeParse(params);
    const isOurs = method === 'session/update' && data?.sessionId === this.sessionId;
    if (isOurs) this.reading.read(data!.update);
    else this.seen({ is: 'thinking' });
  }

  private seen(event: Seen): void {
    if (event.is !== 'answered') this.complaints.worked();
    this.opening.seen(event);
  }

  private permission({ sessionId, toolCall, options }: PermissionQuestion) {
    if (this.opening.signal.aborted) return { outcome: { outcome: 'cancelled' as const } };
    const kind = toolCall.kind ?? this.reading.kindOf(toolCall.toolCallId);
    const allowed = sessionId === this.sessionId && isAllowed(toolCall, kind, this.opening);
    const { granted, outcome } = outcomeOf(options, allowed);
    if (!granted) {
      this.denied = true;
      this.seen({ is: 'tool', title: `denied: ${toolCall.title ?? kind ?? 'a tool'}` });
      this.reading.quiet();
    }
    return { outcome };
  }

  /** Through the protocol first, then by signals. */
  private async cancel(): Promise<void> {
    const { sessionId } = this;
    if (sessionId !== undefined) {
      await this.connection.agent.notify('session/cancel', { sessionId }).catch(() => undefined);
      await wait(CANCEL_MS);
    }
    await this.program.end({ graceMs: 0 });
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());
