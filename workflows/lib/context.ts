import { CancellationScope } from '@temporalio/workflow';
import type { GateView } from '../contracts/state.ts';
import type { GateContext } from '../gates/gate.ts';
import { voidedSteps } from '../rules/head.ts';
import { brief, descriptionOf } from '../rules/outputs.ts';
import { keep, outputOf, revision } from './keeping.ts';
import { attempt } from './attempt.ts';
import type { Desk } from './desk.ts';
import { send } from './jobs.ts';
import { checks, look, mergeability, mergeResult, signals } from './looks.ts';
import { merge } from './merging.ts';
import { park } from './park.ts';
import { watchRelease } from './release.ts';
import { siteFor } from './site.ts';
import { transition } from './windows.ts';

/** What a gate can see. */
function sight(desk: Desk) {
  const { live, step, activities } = desk;
  const { state } = live;
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
    site: siteFor(desk),
  };
}

/** Gives a gate its hands: the one place where gates meet Temporal. */
export function contextFor(desk: Desk, stop: () => void): GateContext {
  const { live, step, activities } = desk;
  const { state } = live;

  return {
    ...sight(desk),
    estimated: (estimate) => void (state.estimate = estimate),
    show: (view) => transition(state, step, view),
    send: (role, work, view) => send(desk, role, work, view),
    together,
    look: (about, view, ask) => look(desk, about, view, ask),
    signals: (minutes) => signals(desk, minutes),
    watchRelease: () => watchRelease(desk),
    commit: (files, message) => commit(desk, files, message),
    checks: (view) => checks(desk, view),
    mergeability: (view) => mergeability(desk, view),
    mergeResult: (view, baseHead) => mergeResult(desk, view, baseHead),
    takeBase: (view) => takeBase(desk, view),
    attempt: (view, work) => attempt(desk, view, work),
    park: (ask, notice, parking) => park(desk, ask, notice, parking),
    saw: (seen) => live.saw(seen),
    notice: (type, text) => live.telling.notify(step, type, text),
    resumed: (schema) => (live.resumed === step ? schema.parse(step.parked?.kept) : undefined),
    failedEffect: () => live.settleEffect('failed'),

    merge: (expected) => merge(desk, expected),

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

    keep: (owner, made) => keep(desk, owner, made),
    outputOf: (owner) => outputOf(desk, owner),
    revision: (said) => revision(desk, said),

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
async function takeBase({ live, step, activities }: Desk, view: GateView): Promise<string | undefined> {
  const { state } = live;
  await live.safePoint(step);
  transition(state, step, view);
  const update = await activities.updateFromBase({ change: state.change, known: state.head });
  if (update.is === 'refused') return update.because;
  live.saw(update);
  return update.is === 'conflict' ? `it conflicts in ${update.files.join(', ')}` : undefined;
}

/** Commits documents as ours; answers why not. */
async function commit(desk: Desk, files: Record<string, string>, message: string): Promise<string | undefined> {
  const { live, step, activities } = desk;
  const { state } = live;
  await live.safePoint(step);
  const detail = `${Object.keys(files).join(', ')} are being committed`;
  transition(state, step, { phase: 'updating-branch', waitingOn: 'forge', detail });
  const asked = { change: state.change, known: state.head, files, message, task: brief(state.input.task) };
  const report = await activities.commitFiles({ ...asked, pipeline: state.pipeline.name });
  if (report.is === 'refused') return report.because;
  live.opened(step, report.pullRequest);
  live.saw(report);
  return undefined;
}
