import { upsertSearchAttributes } from '@temporalio/workflow';
import { runIdOf } from '../contracts/pipeline-run.ts';
import type { GateView, RunState, StepRecord } from '../contracts/run/state.ts';
import { keepNearWithin } from '../rules/bounds.ts';
import { forgeSilent, statusOf, whatOf } from '../rules/describe.ts';
import { inWords } from '../words/index.ts';

/**
 * Records and publishes what a step does now: one transition, at most one upsert. Also drops what the run has no room for.
 */
export function transition(run: RunState, step: StepRecord, view: GateView, visit?: string): void {
  keepNearWithin(run);
  setCurrent(run, step, view, visit);
  publish(run);
}

/** Records what a step does now without an upsert, which would cost an event. For steps that are usually over at once. */
export function setCurrent(run: RunState, { step, id, kind }: StepRecord, view: GateView, visit?: string): void {
  const { because, ...shown } = view;
  const inText = { detail: inWords(view.detail), ...(because !== undefined && { because: inWords(because) }) };
  run.current = { step, id, kind, ...(visit && { visit }), ...shown, ...inText };
}

/** Publishes the current state of the run. */
export function publish(run: RunState): void {
  const key = waitKey(run);
  const before = interrupted.get(run);
  const silent = forgeSilent(run);
  if (silent && run.wait.key !== key) interrupted.set(run, before ?? run.wait);
  else if (!silent) interrupted.delete(run);
  if (run.wait.key !== key) {
    const same = !silent && before?.key === key ? before.since : undefined;
    run.wait = { key, since: same ?? ownSince(run) ?? new Date().toISOString() };
  }
  upsertChanged(run);
}

/** What a run waited for before its forge gave no answer. That wait goes on, and its clock does too. */
const interrupted = new WeakMap<RunState, RunState['wait']>();

/** Since when the step has been waiting, unless a person has paused the run. */
const ownSince = (run: RunState): string | undefined =>
  forgeSilent(run)?.since ?? (whatOf(run) === run.current?.waitingOn ? run.current.since : undefined);

/** Identifies what the run waits for. Publishing the same wait again does not restart its clock. */
function waitKey(run: RunState): string {
  const what = whatOf(run);
  const { id, visit, attempt, since } = run.current ?? {};
  return [statusOf(run), what, id, visit ?? attempt, ...(since ? [since] : [])].join('|');
}

const sent = new WeakMap<RunState, Record<string, string>>();

/** Upserts only what changed, all at once: each upsert is an event in the history. */
function upsertChanged(run: RunState): void {
  const { workspace, task } = run.input;
  const { current, workflowId } = run;
  const now: Record<string, string> = {
    GatehouseWorkspace: workspace,
    GatehouseTask: task.id,
    // Only runs are listed by these. A release watch is listed by its task.
    ...(workflowId === runIdOf(workspace, task.id) && {
      GatehouseRepository: run.change.repository,
      GatehousePipeline: run.pipeline.name,
    }),
    GatehouseStatus: statusOf(run),
    GatehouseWaitingOn: whatOf(run),
    GatehouseWaitingSince: run.wait.since,
    ...(current && { GatehouseStep: current.kind, GatehousePhase: `${current.kind}:${current.phase}` }),
  };
  const before = sent.get(run) ?? {};
  const changed = Object.entries(now).filter(([name, value]) => value !== '' && before[name] !== value);
  // The start of a wait alone is not worth an upsert. It is sent with the change that caused it.
  if (changed.every(([name]) => name === 'GatehouseWaitingSince')) return;
  sent.set(run, { ...before, ...Object.fromEntries(changed) });
  upsertSearchAttributes(
    changed.map(([name, value]) =>
      name === 'GatehouseWaitingSince'
        ? { key: { name, type: 'DATETIME' as const }, value: new Date(value) }
        : { key: { name, type: 'KEYWORD' as const }, value },
    ),
  );
}
