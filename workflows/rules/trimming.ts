import type { Notice } from '../contracts/notices.ts';
import type { ReviewEntry, StepEntry } from '../contracts/reading.ts';
import type { Carried } from '../contracts/run/snapshot.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import { compacted } from './actions.ts';
import { bytesOf, cutText, newestWithin } from './bytes.ts';

/**
 * The limits of one round of trimming: the bytes of a text, the entries and the bytes of a list, and the bytes of a text that
 * the present decision needs.
 */
export interface Measure {
  text: number;
  count: number;
  list: number;
  present: number;
}

/** From mild to severe. What the present decision needs is cut last. */
export const MEASURES: readonly Measure[] = [
  { text: 2_000, count: 100, list: 48_000, present: 300_000 },
  { text: 400, count: 30, list: 24_000, present: 300_000 },
  { text: 150, count: 10, list: 12_000, present: 48_000 },
  { text: 100, count: 4, list: 6_000, present: 12_000 },
  { text: 60, count: 1, list: 2_000, present: 1_500 },
];

export type Trim = (run: Carried, measure: Measure) => void;

const over = ({ state }: Pick<StepEntry, 'state'>) => state === 'done' || state === 'skipped' || state === 'failed';
const atWork = ({ state }: Pick<StepEntry, 'state'>) => state === 'working' || state === 'waiting';

/** Cuts the texts of an entry to this many bytes, in place, because other data refers to the entry. */
function cut<Key extends string>(entry: { [K in Key]?: string | undefined }, keys: readonly Key[], most: number): void {
  for (const key of keys) {
    const text = entry[key];
    if (text !== undefined) entry[key] = cutText(text, most) as (typeof entry)[Key];
  }
}

/** The log of actions: first the texts, then the oldest entries. */
const log: Trim = (run, { text, list }) => {
  const newest = newestWithin(run.actions, list);
  for (const entry of run.actions) {
    if (!newest.includes(entry)) delete entry.input;
    else if (typeof entry.input === 'string') entry.input = cutText(entry.input, text * 4);
    cut(entry, ['because'], text);
  }
  run.actions = newestWithin(run.actions, list * 2);
};

/** The shortened input still identifies a repeat of the action. */
const seen: Trim = (run, { list }) => {
  for (const each of run.seen) each.input = compacted(each.input);
  run.seen = newestWithin(run.seen, list * 2);
};

/** Notices of open visits stay. */
const notices: Trim = (run, { text, count }) => {
  const open = (notice: Notice) => notice.visit !== undefined && notice.clearedAt === undefined;
  const newest = run.notices.slice(-count);
  for (const notice of run.notices) if (!open(notice)) cut(notice, ['text'], text);
  run.notices = run.notices.filter((notice) => open(notice) || newest.includes(notice));
};

const foreign: Trim = (run, { text }) => {
  for (const commit of run.foreign) {
    cut(commit, ['author', 'email'], text);
    if (commit.others) commit.others = commit.others.map((name) => cutText(name, text));
  }
};

/** What people read of a step: its note, its attempts and its review. */
export function trimEntry(step: StepEntry, measure: Measure): void {
  const { text, count } = measure;
  cut(step, ['note'], text * 4);
  if (step.review) trimReview(step.review, over(step), measure);
  for (const attempt of step.attempts.slice(0, -2)) cut(attempt, ['summary'], text);
  const most = over(step) ? Math.ceil(count / 3) : count;
  if (step.attempts.length > most) step.attempts.splice(0, step.attempts.length - most);
}

/** Rounds and verdicts: people decide by the last of each. */
function trimRounds(step: StepRecord, { text, count, present }: Measure): void {
  for (const round of step.rounds.slice(0, -1)) cut(round, ['findings', 'because'], text);
  for (const verdict of step.verdicts.slice(0, -1)) cut(verdict, ['feedback'], text);
  if (step.rounds.length > count) step.rounds.splice(0, step.rounds.length - count);
  if (step.verdicts.length > count) step.verdicts.splice(0, step.verdicts.length - count);
  const last = atWork(step) ? present : text;
  if (step.rounds.length > 0) cut(step.rounds.at(-1)!, ['findings', 'because'], last);
  if (step.verdicts.length > 0) cut(step.verdicts.at(-1)!, ['feedback'], last);
}

/** A review: first what is settled, then the texts of findings, and last what people answered. */
function trimReview(review: ReviewEntry, settled: boolean, { text, count, list }: Measure): void {
  const { findings } = review;
  for (const finding of findings) {
    const open = !settled && finding.status === 'open';
    if (finding.recommendation?.status !== 'open' || settled) delete finding.recommendation;
    if (finding.status === 'dismissed') delete finding.reply;
    cut(finding, ['title'], Math.max(text * 2, 300));
    cut(finding, ['detail'], open ? text * 3 : text);
    if (finding.recommendation) cut(finding.recommendation, ['text'], text * 3);
    cut(finding, ['reply'], settled ? text : Math.max(text * 3, list / 6));
  }
  const surplus = (status: string, most: number) => findings.filter((each) => each.status === status).slice(most);
  const dropped = settled
    ? findings.slice(count)
    : [...surplus('dismissed', count), ...surplus('answered', Math.max(20, count * 4))];
  if (dropped.length > 0) review.findings = findings.filter((finding) => !dropped.includes(finding));
}

const steps: Trim = (run, measure) => {
  for (const step of run.steps) {
    trimEntry(step, measure);
    trimRounds(step, measure);
    cut(step, ['reopened'], measure.text * 4);
  }
};

/** The outputs of settled steps, except for the latest two, which the present step refers to. */
const made: Trim = (run, { text }) => {
  const now = run.steps.findLast(({ state }) => state !== 'pending')?.step ?? 1;
  for (const step of run.steps) {
    if (over(step) && step.step < now - 1) cutMade(step, text);
  }
};

/** Feedback and questions of the present step, last of all. */
const present: Trim = (run, { present: most, text, count }) => {
  for (const step of run.steps) {
    const { rework, decision } = step;
    if (rework) {
      rework.feedback = cutText(rework.feedback, most, rework.kept);
      cut(rework, ['previousOutput'], most);
      rework.comments = newestWithin([...rework.comments].reverse(), most).reverse();
    }
    if (decision) {
      cut(decision, ['question'], atWork(step) ? most : text);
      if (!atWork(step)) decision.options = decision.options.slice(0, count);
      decision.options = decision.options.map((option) => cutText(option, atWork(step) ? most / 12 : text));
    }
    cutMade(step, most);
    if (step.parked) step.parked.kept = cutTexts(step.parked.kept, most / 12);
  }
  if (run.environment) cut(run.environment, ['because'], most / 6);
};

/** A value with each of its texts within this many bytes. */
function cutTexts<T>(value: T, most: number): T {
  if (typeof value === 'string') return cutText(value, most) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => cutTexts(each, most)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [key, cutTexts(each, most)]),
  ) as T;
}

/** Cuts a step's summary and output to this many bytes each. Data that does not fit is replaced by a mark. */
function cutMade(step: StepRecord, most: number): void {
  cut(step, ['summary'], most);
  const { output } = step;
  if (typeof output === 'string') step.output = cutText(output, most);
  else if (bytesOf(output) > most) step.output = { cut: `it had ${bytesOf(output)} bytes` };
}

/** In this order: the least needed first. */
export const TRIMS: readonly Trim[] = [log, seen, notices, foreign, steps, made, present];
