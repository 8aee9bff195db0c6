import type { Job } from '../contracts/activities.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';

/** What a job is given of earlier steps, in bytes: as much as the original's context budget (engine 2.3). */
const CONTEXT = 256 * 1_024;

/** All outputs that a run keeps, in bytes of JSON (contract 12); what does not fit is kept by hash elsewhere. */
export const KEPT = 1_000_000;

const textOf = ({ summary, output }: StepRecord): string =>
  typeof output === 'string'
    ? output
    : output === undefined
      ? (summary ?? '')
      : `${summary ?? ''}\n\n${JSON.stringify(output)}`;

/** Once a bug report has been worked out into a clear text, that is read without what had been investigated. */
const workedIn = ({ kind }: StepRecord, own: StepRecord): boolean =>
  kind === 'bug-investigator' && own.kind === 'clarity-review' && own.review?.documented === true;

/** Every earlier step's output, in order; a helper finds what it is to act on as the last of them. */
export function priorOutputs(steps: StepRecord[], own: StepRecord, brief: string | undefined): Job['priorOutputs'] {
  const earlier = steps
    .filter((step) => step.step < own.step && step.state === 'done' && step.summary !== undefined)
    .filter((step) => !workedIn(step, own))
    .map((step) => ({ step: step.step, kind: step.kind, output: textOf(step) }));
  const all = brief === undefined ? earlier : [...earlier, { step: own.step, kind: own.kind, output: brief }];

  let left = CONTEXT;
  return all
    .toReversed()
    .map((prior) => {
      const output = prior.output.slice(0, Math.max(0, left));
      left -= output.length;
      return { ...prior, output };
    })
    .filter(({ output }) => output !== '')
    .toReversed();
}

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

/** How much the outputs of all other steps take. */
export const keptSize = (steps: StepRecord[], except: StepRecord): number =>
  steps.reduce((sum, step) => (step === except ? sum : sum + (step.summary?.length ?? 0) + sizeOf(step.output)), 0);

export const sizeOf = (output: unknown): number => (output === undefined ? 0 : JSON.stringify(output).length);
