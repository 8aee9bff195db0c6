import { upsertSearchAttributes } from '@temporalio/workflow';
import { runIdOf } from '../contracts/pipeline-run.ts';
import type { GateView, RunState, StepRecord } from '../contracts/state.ts';
import { keepNearWithin } from '../rules/bounds.ts';
import { statusOf, waitingOn } from '../rules/describe.ts';

/** Moves the run on and says so: one transition, at most one upsert. What it has no room for any more goes here. */
export function transition(run: RunState, step: StepRecord, view: GateView, visit?: string): void {
  keepNearWithin(run);
  setCurrent(run, step, view, visit);
  publish(run);
}

/** Shows it to whoever asks, without an upsert: those, which cost an event, wait for what is not over in a moment. */
export const setCurrent = (run: RunState, { step, id, kind }: StepRecord, view: GateView, visit?: string): void =>
  void (run.current = { step, id, kind, ...(visit && { visit }), ...view });

/** Shows the run in all its windows as it is now. */
export function publish(run: RunState): void {
  const key = waitKey(run);
  if (run.wait.key !== key) run.wait = { key, since: new Date().toISOString() };
  upsertChanged(run);
}

/** One wait is one thing waited for, in one place: telling it anew does not make it younger. */
function waitKey(run: RunState): string {
  const { what } = waitingOn(run);
  const { id, visit, attempt } = run.current ?? {};
  return [statusOf(run), what, id, visit ?? attempt].join('|');
}

const sent = new WeakMap<RunState, Record<string, string>>();

/** Only what changed is upserted: each upsert is an event, and all of one transition go together. */
function upsertChanged(run: RunState): void {
  const { workspace, task } = run.input;
  const { current, workflowId } = run;
  const now: Record<string, string> = {
    GatehouseWorkspace: workspace,
    GatehouseTask: task.id,
    // Only runs are found by these: a release watch is found by its task.
    ...(workflowId === runIdOf(workspace, task.id) && {
      GatehouseRepository: run.change.repository,
      GatehousePipeline: run.pipeline.name,
    }),
    GatehouseStatus: statusOf(run),
    GatehouseWaitingOn: waitingOn(run).what,
    GatehouseWaitingSince: run.wait.since,
    ...(current && { GatehouseStep: current.kind, GatehousePhase: `${current.kind}:${current.phase}` }),
  };
  const before = sent.get(run) ?? {};
  const changed = Object.entries(now).filter(([name, value]) => value !== '' && before[name] !== value);
  // A wait's beginning alone is no transition: it travels with what made it begin.
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
