import type { Job } from '../contracts/activities.ts';
import { keptIn, madeText } from '../contracts/kept.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { bytesOf, cutText } from './bytes.ts';

/** What a job is given of earlier steps, in bytes: as much as the original's context budget (engine 2.3). */
const CONTEXT = 256 * 1_024;

/**
 * All that a run carries of what its steps made, in bytes of JSON; what does not fit is kept by hash elsewhere (contract 12,
 * which allows twice as much: a run carries more than outputs).
 */
const MADE = 250_000;
/** What is not worth a place elsewhere. */
const SMALL = 2_000;
/** What runs carried that began before they were bounded as a whole. */
const MADE_ONCE = 1_000_000;

/** Once a bug report has been worked out into a clear text, that is read without what had been investigated. */
const workedIn = ({ kind }: StepRecord, own: StepRecord): boolean =>
  kind === 'bug-investigator' && own.kind === 'clarity-review' && own.review?.documented === true;

/**
 * Every earlier step's output, in order; a helper finds what it is to act on as the last of them. The latest are whole, for
 * as long as there is room in the job's context, and in the message that it travels in.
 */
export function priorOutputs(
  steps: StepRecord[],
  own: StepRecord,
  brief: string | undefined,
  room = CONTEXT,
): Job['priorOutputs'] {
  const earlier = steps
    .filter((step) => step.step < own.step && step.state === 'done' && step.summary !== undefined)
    .filter((step) => !workedIn(step, own))
    .map(({ step, kind, summary, output }) => {
      const kept = keptIn(output);
      return { step, kind, output: madeText(summary, kept ? undefined : output), kept };
    });
  const all =
    brief === undefined ? earlier : [...earlier, { step: own.step, kind: own.kind, output: brief, kept: undefined }];

  let left = CONTEXT;
  let carried = Math.min(room, CONTEXT);
  return all
    .toReversed()
    .map(({ kept, ...prior }) => {
      const output = within(prior.output, Math.min(left, carried));
      left -= bytesOf(output);
      carried -= bytesOf(output);
      const most = Math.min(left, kept?.bytes ?? left);
      if (!kept || most < Math.min(SMALL, kept.bytes ?? SMALL)) return { ...prior, output };
      left -= most;
      return { ...prior, output, kept: { hash: kept.kept, most } };
    })
    .filter(({ output }) => output !== '')
    .toReversed();
}

/** Less than a mark is nothing. */
const within = (text: string, most: number): string =>
  bytesOf(text) <= most ? text : most < 200 ? '' : cutText(text, most);

/** A task without what only its own run needs: descriptions are long, and dependents are whole inputs. */
export const brief = ({ dependents, ...task }: RunState['input']['task']) => {
  void dependents;
  return task;
};

/** Whose document stands for the task, of several: what was asked for wins over how it was reported (gates 5.3). */
const REVIEWS = ['requirements-review', 'clarity-review'];

/** What the task asks for: as the last review has worked it out, or as it was written. */
export function descriptionOf({ steps, input }: Pick<RunState, 'steps' | 'input'>): string | undefined {
  const documents = REVIEWS.map((kind) =>
    steps.findLast((step) => step.kind === kind && step.state === 'done' && step.review?.documented),
  );
  return documents.find((step) => step?.summary !== undefined)?.summary ?? input.task.description;
}

/** The issues that are told what becomes of a change: the task's own, and those that were filed for it. */
export const issuesOf = ({ steps, input }: Pick<RunState, 'steps' | 'input'>): string[] => [
  input.task.id,
  ...steps.flatMap(({ kind, output }) => {
    const { id } = (kind === 'tracker' ? (output ?? {}) : {}) as { id?: unknown };
    return typeof id === 'string' ? [id] : [];
  }),
];

/** How much what these steps made takes. */
const madeSize = (steps: readonly StepRecord[]): number =>
  steps.reduce((sum, { summary, output }) => sum + bytesOf(summary) + bytesOf(output), 0);

/**
 * The step whose output is to go next, for there is no room for all: the oldest first. What people read of the latest stays.
 */
export function leastNeeded(steps: readonly StepRecord[], latest: StepRecord): StepRecord | undefined {
  if (madeSize(steps) <= MADE) return undefined;
  const goes = ({ output }: StepRecord) => bytesOf(output) > SMALL && !keptIn(output);
  const older = steps.find((step) => step !== latest && step.step < latest.step - 1 && goes(step));
  const others = steps.find((step) => step !== latest && typeof step.output !== 'string' && goes(step));
  return older ?? others ?? (typeof latest.output !== 'string' && goes(latest) ? latest : undefined);
}

/** As runs were bounded once: whether there is room for what a step has made, beside what the others have. */
export function fitted(steps: readonly StepRecord[], owner: StepRecord): boolean {
  const { summary, output } = owner;
  const length = (value: unknown) => (value === undefined ? 0 : JSON.stringify(value).length);
  const others = steps.filter((step) => step !== owner);
  const taken = others.reduce((sum, each) => sum + (each.summary?.length ?? 0) + length(each.output), 0);
  return length(output) <= MADE_ONCE - taken - (summary?.length ?? 0);
}
