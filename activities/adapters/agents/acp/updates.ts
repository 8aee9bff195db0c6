import { z } from 'zod';
import type { Seen, Spent } from '../conversation.ts';

/** What happens in a session. The kinds of updates are open: later versions of the protocol add more. */
export const Notification = z.looseObject({
  sessionId: z.string(),
  update: z.looseObject({ sessionUpdate: z.string() }),
});
export type Update = z.output<typeof Notification>['update'];

const Chunk = z.looseObject({
  content: z.looseObject({ type: z.literal('text'), text: z.string() }),
  messageId: z.unknown().optional(),
});
const Tool = z.looseObject({
  toolCallId: z.string(),
  title: z.string().nullish().catch(undefined),
  kind: z.string().nullish().catch(undefined),
  status: z.string().nullish().catch(undefined),
});
const Plan = z.looseObject({ entries: z.array(z.looseObject({ content: z.string(), status: z.string() })) });
const Cost = z.looseObject({ cost: z.looseObject({ amount: z.number().min(0), currency: z.string() }) });

/** The longest message that is kept, in characters. The end of a longer one counts. */
const LONGEST = 1_000_000;
/** The number of tool calls whose kind is remembered. */
const TOOLS = 1_000;

/** What the updates of a session add up to. */
export class Reading {
  /** The cost of the session so far, in cents. */
  costCents: number | undefined;
  private message = '';
  private before = '';
  private messageId: unknown;
  private active = true;
  private readonly tools = new Map<string, { title: string; kind: string; shown: boolean }>();

  constructor(private readonly seen: (event: Seen) => void) {}

  /** A new prompt begins. Updates of the turn before it are not part of its answer. */
  begin(): void {
    this.message = this.before = '';
    this.active = false;
  }

  /** The last message of the turn. */
  get text(): string {
    return this.message.trim() === '' ? this.before : this.message;
  }

  /** Forgets that anything has happened. */
  quiet(): void {
    this.active = false;
  }

  /** Whether there was text or a tool call since. */
  get isActive(): boolean {
    return this.active;
  }

  kindOf = (toolCallId: string): string | undefined => this.tools.get(toolCallId)?.kind;

  read(update: Update): void {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
        return this.chunk(update);
      case 'tool_call':
      case 'tool_call_update':
        return this.tool(update);
      case 'plan':
        return this.plan(update);
      case 'usage_update':
        return this.usage(update);
      default:
        return this.seen({ is: 'thinking' });
    }
  }

  private chunk(update: Update): void {
    const { data } = Chunk.safeParse(update);
    if (!data) return this.seen({ is: 'thinking' });
    if (data.messageId !== this.messageId) this.endMessage();
    this.messageId = data.messageId;
    this.message = (this.message + data.content.text).slice(-LONGEST);
    if (data.content.text.trim() !== '') this.active = true;
    this.seen({ is: 'message', text: data.content.text, part: true });
  }

  private endMessage(): void {
    if (this.message.trim() === '') return;
    this.before = this.message;
    this.message = '';
    this.seen({ is: 'message', text: '' });
  }

  private tool(update: Update): void {
    const { data } = Tool.safeParse(update);
    if (!data) return this.seen({ is: 'thinking' });
    const known = this.tools.get(data.toolCallId);
    const title = (data.title ?? known?.title ?? data.kind ?? 'a tool').slice(0, 1_000);
    // Its title says less before it begins: "bash" instead of the command.
    const shown = known?.shown === true || data.status !== 'pending';
    this.tools.delete(data.toolCallId);
    this.tools.set(data.toolCallId, { title, kind: data.kind ?? known?.kind ?? 'other', shown });
    if (this.tools.size > TOOLS) this.tools.delete(this.tools.keys().next().value!);
    if (!known) this.endMessage();
    if (!known && data.status !== 'failed') this.active = true; // the end of a denied call is none of its own
    const ended = data.status === 'failed' ? 'failed' : data.status === 'completed' ? 'ended' : undefined;
    const begins = shown && known?.shown !== true;
    if (begins) this.seen({ is: 'tool', title, state: 'begun' });
    if (ended) this.seen({ is: 'tool', title, state: ended });
    else if (!begins) this.seen({ is: 'thinking' });
  }

  private plan(update: Update): void {
    const { data } = Plan.safeParse(update);
    if (!data) return this.seen({ is: 'thinking' });
    const done = data.entries.filter(({ status }) => status === 'completed').length;
    const label = data.entries.find(({ status }) => status === 'in_progress')?.content.slice(0, 200);
    this.seen({ is: 'plan', done, total: data.entries.length, ...(label !== undefined && { label }) });
  }

  /** Each report is of the whole session. Only dollars can be compared with prices and budgets. */
  private usage(update: Update): void {
    const { data } = Cost.safeParse(update);
    if (data?.cost.currency === 'USD') this.costCents = Math.max(this.costCents ?? 0, data.cost.amount * 100);
    this.seen({ is: 'answered' });
  }
}

const count = z.number().min(0).nullish().catch(undefined);
const Used = z.looseObject({
  inputTokens: z.number().min(0),
  outputTokens: z.number().min(0),
  cachedReadTokens: count,
  cachedWriteTokens: count,
});

/**
 * The tokens of a session, from the `usage` of an answer, which is of all turns so far. OpenCode reports its last request
 * there, so its tokens are unknown.
 */
export function tokensOf(usage: unknown, agent: string | undefined): Spent {
  const { data } = Used.safeParse(usage);
  if (!data || /opencode/i.test(agent ?? '')) return {};
  const cached = data.cachedReadTokens ?? 0;
  return {
    inputTokens: data.inputTokens + cached + (data.cachedWriteTokens ?? 0),
    ...(cached > 0 && { cachedInputTokens: cached }),
    outputTokens: data.outputTokens,
  };
}
