import { asksForData, wantedOf, type Wanted } from '../answers.ts';
import type { Conversation, ConversationOpening, Open, Seen, Spent, Turn } from '../conversation.ts';
import { dataInAnswer } from '../json.ts';
import { notNowIn } from '../not-now.ts';
import { promptFor, repairPrompt, withoutPermission } from '../prompt.ts';
import type { ShownJob } from './drive.ts';

/** How a session ended. */
export type Driven =
  | { is: 'completed'; summary: string; output?: object; spent?: Spent | undefined }
  | { is: 'notNow'; because: string; until?: string | undefined; spent?: Spent | undefined }
  | { is: 'failed'; because: string; spent?: Spent | undefined }
  | { is: 'cancelled' };

/** So many answers in a row without text or a tool call are not those of a model, but for example of a proxy. */
const EMPTY_ANSWERS = 20;
/** How long a cancelled conversation may take to end, in milliseconds. It is less than the executor waits. */
const CANCEL_MS = 2_500;

interface Driving {
  job: ShownJob;
  open: Open;
  /** Everything but what this function adds. */
  opening: Omit<ConversationOpening, 'seen' | 'signal'>;
  seen(event: Seen): void;
  /** Aborted when the job is cancelled. */
  signal: AbortSignal;
}

/** Has a coding agent do a job: asks, asks again where that helps, and reads the answer. */
export async function drive({ job, open, opening, seen, signal }: Driving): Promise<Driven> {
  const stop = new AbortController();
  const watch = new EmptyAnswers(seen, () => stop.abort());
  const either = AbortSignal.any([signal, stop.signal]);
  let conversation: Conversation | undefined;
  let spent: Spent | undefined;
  const talk = async (): Promise<Driven> => {
    conversation = await open({ ...opening, seen: (event) => watch.seen(event), signal: either });
    const session = conversation;
    const ask: Ask = async (prompt, wanted) => {
      const turn = await session.ask(prompt, wanted && { schema: wanted.schema });
      spent = turn.spent ?? spent;
      return turn;
    };
    return converse(job, opening.mode, ask);
  };
  try {
    const driven = await Promise.race([talk(), graceAfterAbort(either)]).catch(failed);
    if (signal.aborted) return { is: 'cancelled' };
    if (watch.reached) return { is: 'notNow', because: EMPTY, spent };
    return driven.is === 'cancelled' ? driven : { ...driven, spent: driven.spent ?? spent };
  } finally {
    await Promise.race([conversation?.close().catch(() => undefined), wait(CANCEL_MS)]);
  }
}

const EMPTY = `Its provider does not answer as a model: ${EMPTY_ANSWERS} answers in a row had neither text nor a tool call.`;

type Ask = (prompt: string, wanted?: Wanted) => Promise<Turn>;

/** The turns of one job. They share one session. */
async function converse(job: ShownJob, mode: ConversationOpening['mode'], ask: Ask): Promise<Driven> {
  const wanted = wantedOf(job);
  const data = asksForData(job.brief);
  let turn = await ask(promptFor(job, { mode, schema: wanted?.schema, data }), wanted);
  if (turn.is === 'answered' && turn.refused) turn = await ask(withoutPermission, wanted);
  if (turn.is !== 'answered') return turn;

  const first = dataOf(turn.text, wanted);
  if (!wanted || 'data' in first) return answered(turn, wanted || data ? first : {});
  const repaired = await ask(repairPrompt(first.misfits ?? [], wanted.schema), wanted);
  if (repaired.is !== 'answered') return repaired;
  const second = dataOf(repaired.text, wanted);
  // What still does not fit is for the run to judge, which can repair it in a job of its own.
  return answered(repaired, (second.data ?? second.raw) ? second : first);
}

interface Read {
  /** The answer in its wanted shape. */
  data?: object;
  /** The answer in any shape. */
  raw?: object;
  misfits?: string[];
}

function dataOf(text: string, wanted: Wanted | undefined): Read {
  const raw = dataInAnswer(text);
  if (!wanted) return raw ? { data: raw } : {};
  if (!raw) return { misfits: ['it: there is no JSON object'] };
  return { raw, ...wanted.fit(raw) };
}

function answered({ text, spent }: Extract<Turn, { is: 'answered' }>, { data, raw }: Read): Driven {
  const output = data ?? raw;
  return { is: 'completed', summary: summaryOf(text, output), ...(output && { output }), spent };
}

/** What people read of an answer: a text in its data that is meant for them, or all of it. */
function summaryOf(text: string, output: object | undefined): string {
  const { summary, rationale } = (output ?? {}) as { summary?: unknown; rationale?: unknown };
  const written = [summary, rationale].find((each) => typeof each === 'string' && each.trim() !== '');
  return (written as string | undefined) ?? text.trim();
}

/** Passes on what is seen, and counts the answers of the model that contain nothing. */
class EmptyAnswers {
  reached = false;
  private count = 0;

  constructor(
    private readonly pass: (event: Seen) => void,
    private readonly end: () => void,
  ) {}

  seen(event: Seen): void {
    this.pass(event);
    if (event.is === 'tool' || event.is === 'plan' || (event.is === 'message' && event.text.trim() !== ''))
      this.count = 0;
    if (event.is !== 'answered') return;
    this.count += 1;
    if (this.count < EMPTY_ANSWERS || this.reached) return;
    this.reached = true;
    this.end();
  }
}

function failed(failure: unknown): Driven {
  const because = failure instanceof Error ? failure.message : String(failure);
  const notNow = notNowIn(because);
  return notNow ? { is: 'notNow', ...notNow } : { is: 'failed', because };
}

/** Resolves when a conversation has had its time to end after an abort. */
const graceAfterAbort = (signal: AbortSignal): Promise<Driven> =>
  new Promise((resolve) => {
    const begin = () => void wait(CANCEL_MS).then(() => resolve({ is: 'cancelled' }));
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true });
  });

const wait = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());
