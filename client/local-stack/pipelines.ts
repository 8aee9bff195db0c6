import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BUILT_IN } from '../../workflows/contracts/pipelines.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { ClientError } from '../errors.ts';
import { scriptedAnswerTo, type PersonsAnswer } from '../offline/scripted-answers.ts';
import type { Ended } from '../ends.ts';
import type { Runs } from '../runs.ts';
import { makeSampleRepository } from './sample.ts';

/** The limits of a run's history: a tenth of the size at which the server warns. */
export const MOST = { events: 1_000, bytes: 1_000_000 };

const AT_ONCE = 3;
const POLL_MS = 250;
const LONGEST_MS = 15 * 60_000;

/** The result of one pipeline. `because` describes what was not as expected. It is missing on success. */
export interface Taken {
  pipeline: string;
  outcome: string;
  steps: number;
  events: number;
  bytes: number;
  seconds: number;
  because?: string;
}

interface Playing {
  runs: Runs;
  /** The folder in which the sample repositories are made. */
  home: string;
  say: (line: string) => void;
  /** Aborts when the user stops the command. */
  signal: AbortSignal;
}

const TASK = { title: 'Show totals with tax', description: 'The basket shows net, tax (19 %) and total.' };
const BUG = {
  title: 'The page shows no tax',
  description: 'The basket shows a total, and nothing says whether the tax is in it.',
  type: 'bug',
};

/** Runs the sample's task through built-in pipelines, several at a time, each on its own repository. */
export async function takeAll(names: readonly string[], playing: Playing): Promise<Taken[]> {
  const taken = new Map<string, Taken>();
  const waiting = [...names];
  const one = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      taken.set(name, await take(name, playing));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return names.map((name) => taken.get(name)!);
}

async function take(pipeline: string, playing: Playing): Promise<Taken> {
  const { runs, home, say, signal } = playing;
  const began = Date.now();
  const none = { pipeline, outcome: 'none', steps: 0, events: 0, bytes: 0, seconds: 0 };
  if (signal.aborted) return { ...none, because: 'it was not started, because the command was stopped' };
  try {
    const shop = path.join(home, pipeline, 'shop');
    await makeSampleRepository(shop);
    const { workflowId } = await runs.start({
      task: { id: `SHOP-${pipeline}`, ...(pipeline === 'bugfix' ? BUG : TASK) },
      change: { repository: shop },
      pipeline,
      startedBy: 'ana',
    });
    const end = await follow(workflowId, pipeline, playing);
    const seconds = Math.round((Date.now() - began) / 100) / 10;
    const { outcome, because } = endingOf(pipeline, end);
    const row = { pipeline, outcome, ...(await measured(runs, workflowId)), seconds, ...(because && { because }) };
    say(`${pipeline}: ${row.outcome} after ${seconds} s`);
    return { ...row, ...complaint(row) };
  } catch (failure) {
    // A failure of one pipeline does not stop the others.
    return { ...none, because: (failure as Error).message };
  }
}

type Close = Exclude<Ended, { is: 'live' }> | { is: 'left'; because: string };

/** Answers everything that a run asks a person, until it ends. */
async function follow(workflowId: string, pipeline: string, { runs, say, signal }: Playing): Promise<Close> {
  let at: string | undefined;
  for (const until = Date.now() + LONGEST_MS; Date.now() < until; await pause(POLL_MS)) {
    if (signal.aborted) return { is: 'left', because: 'the command was stopped' };
    const end = await unlessTimedOut(runs.ended(workflowId));
    if (end && end.is !== 'live') return end;
    const run = await unlessTimedOut(runs.run(workflowId));
    if (run?.current && run.current.id !== at) {
      at = run.current.id;
      say(`${pipeline}: ${at}`);
    }
    const answer = run && answerTo(run);
    if (!run || !answer) continue;
    // The id depends on the question, so that a question that is seen twice is answered once.
    const actionId = [run.current?.visit, answer.action, answer.said['finding']].filter(Boolean).join('/');
    const said = { ...answer.said, actionId, by: 'the scripted person', visit: run.current?.visit };
    if (await unlessTimedOut(runs.act(workflowId, answer.action, said))) say(`${pipeline}: ${at}: ${answer.action}`);
  }
  return { is: 'left', because: `it had not ended after ${LONGEST_MS / 60_000} minutes` };
}

/** Ignores client errors, because the worker may be busy, or the run may have just moved on. The next poll shows it. */
async function unlessTimedOut<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (failure) {
    if (failure instanceof ClientError) return undefined;
    throw failure;
  }
}

/** The scripted person's answer to a parked run. */
export const answerTo = ({ status, current }: Pick<RunAnswer, 'status' | 'current'>): PersonsAnswer | undefined =>
  status === 'parked' && current
    ? scriptedAnswerTo(
        current,
        current.offers.map(({ action }) => action),
      )
    : undefined;

/** Measures the run's history on the server. */
async function measured(runs: Runs, workflowId: string): Promise<Pick<Taken, 'steps' | 'events' | 'bytes'>> {
  const { historyLength, historySize = 0 } = await runs.describe(workflowId);
  const steps = (await unlessTimedOut(runs.run(workflowId)))?.steps ?? [];
  const done = steps.filter(({ state }) => state === 'done' || state === 'skipped');
  return { steps: done.length, events: historyLength, bytes: historySize };
}

const expectedOf = (pipeline: string): string[] =>
  BUILT_IN[pipeline]!.some(({ kind }) => kind === 'merger') ? ['merged'] : ['ready', 'completed'];

/** The outcome of a run, and why it is not the expected one, if it is not. */
function endingOf(pipeline: string, end: Close): Pick<Taken, 'outcome' | 'because'> {
  const expected = expectedOf(pipeline);
  switch (end.is) {
    case 'done': {
      const { outcome } = end.result;
      return { outcome, ...(!expected.includes(outcome) && { because: `expected ${expected.join(' or ')}` }) };
    }
    case 'lost':
      return { outcome: end.status.toLowerCase(), because: `${end.type}: ${end.message}` };
    case 'left':
      return { outcome: 'live', because: end.because };
  }
}

/** Describes everything that is not as expected, in one sentence. Empty if everything is. */
function complaint({ because, events, bytes }: Taken): { because?: string } {
  const wrong = [
    because,
    events >= MOST.events && `${events} events; expected fewer than ${MOST.events}`,
    bytes >= MOST.bytes && `${bytes} bytes; expected fewer than ${MOST.bytes}`,
  ].filter(Boolean);
  return wrong.length > 0 ? { because: wrong.join('; ') } : {};
}
