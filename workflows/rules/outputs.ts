import type { Job, Revision } from '../contracts/jobs.ts';
import { keptIn, madeText } from '../contracts/run/kept.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';
import { bytesOf, cutText } from './bytes.ts';

/** The limit of what a job receives of earlier steps, in bytes. */
const CONTEXT = 256 * 1_024;

/**
 * The limit of all outputs that a run carries, in bytes of JSON. What does not fit is stored elsewhere by its hash.
 */
const MADE = 250_000;
/** Outputs up to this size, in bytes, always stay in the run. */
const SMALL = 2_000;
/** The limit for runs that began before all of their data was limited. */
const MADE_ONCE = 1_000_000;

/** A clarified bug report replaces the investigation that it was made of. */
const workedIn = ({ kind }: StepRecord, own: StepRecord): boolean =>
  kind === 'bug-investigator' && own.kind === 'clarity-review' && own.review?.documented === true;

/**
 * Every earlier step's output, in order. For a helper, the last one is its brief. The latest outputs are complete while they
 * fit into the job's context and its message.
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

/** A text cut to its limit, or nothing where even the mark of the cut does not fit. */
const within = (text: string, most: number): string =>
  bytesOf(text) <= most ? text : most < 200 ? '' : cutText(text, most);

/** A task without its dependents, which are whole inputs and only needed by its own run. */
export const brief = ({ dependents, ...task }: RunState['input']['task']) => {
  void dependents;
  return task;
};

/** The reviews whose documents replace the task's description, the strongest first. */
const REVIEWS = ['requirements-review', 'clarity-review'];

/** What the task asks for: the latest document of a review, or the description as it was written. */
export function descriptionOf({ steps, input }: Pick<RunState, 'steps' | 'input'>): string | undefined {
  const documents = REVIEWS.map((kind) =>
    steps.findLast((step) => step.kind === kind && step.state === 'done' && step.review?.documented),
  );
  return documents.find((step) => step?.summary !== undefined)?.summary ?? input.task.description;
}

/** The issues that are commented on: the task's own, and those that were filed for it. */
export const issuesOf = ({ steps, input }: Pick<RunState, 'steps' | 'input'>): string[] => [
  input.task.id,
  ...steps.flatMap(({ kind, output }) => {
    const { id } = (kind === 'tracker' ? (output ?? {}) : {}) as { id?: unknown };
    return typeof id === 'string' ? [id] : [];
  }),
];

/** The size of what these steps made, in bytes. */
const madeSize = (steps: readonly StepRecord[]): number =>
  steps.reduce((sum, { summary, output }) => sum + bytesOf(summary) + bytesOf(output), 0);

/**
 * The step whose output is moved out of the run next, or nothing while all fit: the oldest first. What people read of the
 * latest step stays.
 */
export function leastNeeded(steps: readonly StepRecord[], latest: StepRecord): StepRecord | undefined {
  if (madeSize(steps) <= MADE) return undefined;
  const goes = ({ output }: StepRecord) => bytesOf(output) > SMALL && !keptIn(output);
  const older = steps.find((step) => step !== latest && step.step < latest.step - 1 && goes(step));
  const others = steps.find((step) => step !== latest && typeof step.output !== 'string' && goes(step));
  return older ?? others ?? (typeof latest.output !== 'string' && goes(latest) ? latest : undefined);
}

/** The earlier limit, for replays: whether a step's output fits beside the others. */
export function fitted(steps: readonly StepRecord[], owner: StepRecord): boolean {
  const { summary, output } = owner;
  const length = (value: unknown) => (value === undefined ? 0 : JSON.stringify(value).length);
  const others = steps.filter((step) => step !== owner);
  const taken = others.reduce((sum, each) => sum + (each.summary?.length ?? 0) + length(each.output), 0);
  return length(output) <= MADE_ONCE - taken - (summary?.length ?? 0);
}

/** The limits of the feedback that a run carries, in bytes: in all, and without comments. */
const ALL = 250_000;
const FEEDBACK = 100_000;
/** Feedback up to this size, in bytes, always fits. Longer feedback is stored outside the run as well. */
const LITTLE = 12_000;

/** The feedback with which work is sent back. */
export type Feedback = Pick<Revision, 'feedback' | 'comments'>;

/** Whether a run may run out of room for it. */
export const isLong = (feedback: Feedback): boolean => bytesOf(feedback) > LITTLE;

/**
 * The feedback as a run carries it. The output itself is on the record of the step to which it goes back. Comments that do
 * not fit are counted. `kept`: the hashes under which all of it is stored.
 */
export function revisionOf({ feedback, comments }: Feedback, kept: string[] = []): Revision {
  const short = cutText(feedback, FEEDBACK, kept);
  let left = ALL - bytesOf(short);
  const over = comments.findIndex((comment) => (left -= bytesOf(comment)) < 0);
  const fitting = over < 0 ? comments : comments.slice(0, over);
  const more = comments.length - fitting.length;
  const place = kept.length > 0 ? `; all of it is kept as ${kept.join(' + ')}` : ', for which there was no room';
  const mark = more > 0 ? [{ text: `… [cut: ${more} more comments${place}]` }] : [];
  return { previousOutput: '', feedback: short, comments: [...fitting, ...mark], ...(kept.length > 0 && { kept }) };
}
