import { CancellationScope } from '@temporalio/workflow';
import type { GateView } from '../contracts/state.ts';
import type { GateContext } from '../gates/gate.ts';
import { voidedSteps } from '../rules/head.ts';
import { brief, descriptionOf } from '../rules/outputs.ts';
import { keep, outputOf, revision } from './keeping.ts';
import { attempt } from './attempt.ts';
import type { StepScope } from './scope.ts';
import { send } from './jobs.ts';
import { checks, look, mergeability, mergeResult, signals } from './polls.ts';
import { merge } from './merging.ts';
import { park } from './park.ts';
import { watchRelease } from './release.ts';
import { siteFor } from './environment.ts';
import { transition } from './transition.ts';

/** What a gate can see. */
function sight(scope: StepScope) {
  const { run, step, activities } = scope;
  const { state } = run;
  return {
    step,
    options: step.options,
    policy: state.policy,
    activities,
    change: () => state.change,
    head: () => state.head,
    foreignKnown: () => state.foreign.length,
    steps: () => state.steps,
    title: () => state.input.task.title,
    description: () => [state.input.task.title, descriptionOf(state)].filter(Boolean).join('\n\n'),
    merged: () => state.mergeCommit,
    branchResumed: () => state.branchResumed === true,
    voided: () => voidedSteps(state),
    site: siteFor(scope),
  };
}

/** Gives a gate its hands: the one place where gates meet Temporal. */
export function contextFor(scope: StepScope, stop: () => void): GateContext {
  const { run, step, activities } = scope;
  const { state } = run;

  return {
    ...sight(scope),
    estimated: (estimate) => void (state.estimate = estimate),
    show: (view) => transition(state, step, view),
    send: (role, work, view) => send(scope, role, work, view),
    together,
    look: (about, view, ask) => look(scope, about, view, ask),
    signals: (minutes) => signals(scope, minutes),
    watchRelease: () => watchRelease(scope),
    commit: (files, message) => commit(scope, files, message),
    checks: (view) => checks(scope, view),
    mergeability: (view) => mergeability(scope, view),
    mergeResult: (view, baseHead) => mergeResult(scope, view, baseHead),
    takeBase: (view) => takeBase(scope, view),
    attempt: (view, work) => attempt(scope, view, work),
    park: (ask, notice, parking) => park(scope, ask, notice, parking),
    saw: (seen) => run.saw(seen),
    notice: (type, text) => run.notices.notify(step, type, text),
    resumed: (schema) => (run.upgrade.resumed === step ? schema.parse(step.parked?.kept) : undefined),
    failedEffect: () => run.mailbox.settleEffect('failed'),

    merge: (expected) => merge(scope, expected),

    async fileIssue(issue) {
      const { workflowId, input, change } = state;
      const where = { workspace: input.workspace, repository: change.repository };
      const filed = await activities.fileIssue({ key: `${workflowId}/${step.id}`, ...where, ...issue });
      return filed.is === 'filed' ? { id: filed.id, ...(filed.url && { url: filed.url }) } : undefined;
    },

    canTakeBase() {
      state.baseMoves += 1;
      return state.baseMoves <= state.policy.conflictAttempts;
    },

    keep: (owner, made) => keep(scope, owner, made),
    outputOf: (owner) => outputOf(scope, owner),
    revision: (said) => revision(scope, said),

    async stop() {
      stop();
      await CancellationScope.current().cancelRequested;
      throw new Error('A cancelled run goes on.');
    },
  };
}

/** Waits for all, also when one is lost: nothing may go on that nobody waits for. */
async function together<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const ends = await Promise.allSettled(work.map((each) => each()));
  const lost = ends.find((end) => end.status === 'rejected');
  if (lost) throw lost.reason;
  return ends.map((end) => (end as PromiseFulfilledResult<T>).value);
}

/** Merges the base into the work branch; answers why not. */
async function takeBase({ run, step, activities }: StepScope, view: GateView): Promise<string | undefined> {
  const { state } = run;
  await run.budget.wait(step);
  transition(state, step, view);
  const update = await activities.updateFromBase({ change: state.change, known: state.head });
  if (update.is === 'refused') return update.because;
  run.saw(update);
  return update.is === 'conflict' ? `it conflicts in ${update.files.join(', ')}` : undefined;
}

/** Commits documents as ours; answers why not. */
async function commit(scope: StepScope, files: Record<string, string>, message: string): Promise<string | undefined> {
  const { run, step, activities } = scope;
  const { state } = run;
  await run.budget.wait(step);
  const detail = `${Object.keys(files).join(', ')} are being committed`;
  transition(state, step, { phase: 'updating-branch', waitingOn: 'forge', detail });
  const asked = { change: state.change, known: state.head, files, message, task: brief(state.input.task) };
  const report = await activities.commitFiles({ ...asked, pipeline: state.pipeline.name });
  if (report.is === 'refused') return report.because;
  run.tracker.opened(step, report.pullRequest);
  run.saw(report);
  return undefined;
}
