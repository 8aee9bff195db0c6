import type { MergeabilityReport, MergeResultReport } from '../contracts/activities.ts';
import type { GateView } from '../contracts/run/state.ts';
import type { Base } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import { baseConflicts } from '../words/conflicts.ts';
import { attempt } from './attempt.ts';
import { escalatingAfter, inMinutes, roundOf } from './checks.ts';
import { merge } from './merging.ts';
import { poll } from './polls.ts';
import type { StepScope } from './scope.ts';
import { transition } from './transition.ts';

/** The change against its base. */
export function baseFor(scope: StepScope): Base {
  const { state } = scope.run;
  return {
    mergeability: (view) => mergeability(scope, view),
    mergeResult: (view, baseHead) => mergeResult(scope, view, baseHead),
    update: (view) => update(scope, view),
    mayTake() {
      state.baseMoves += 1;
      return state.baseMoves <= state.policy.conflictAttempts;
    },
    take: (view) => take(scope, view),
    merge: (expected, wait) => merge(scope, expected, wait),
  };
}

async function mergeability(scope: StepScope, view: GateView): Promise<MergeabilityReport> {
  const { run, activities } = scope;
  const { state } = run;
  for (;;) {
    const report = await poll(scope, 'change', view, () =>
      activities.settledMergeability({ change: state.change, known: state.head }),
    );
    run.saw({ ...report, head: 'head' in report ? report.head : undefined });
    // It was about the base before.
    if (report.base === undefined) return report;
  }
}

/** The settled checks of the merge result. `checksMinutes` limits them as it limits the checks of the change. */
async function mergeResult(scope: StepScope, view: GateView, baseHead: string): Promise<MergeResultReport> {
  const { run, activities } = scope;
  const { state } = run;
  const { policy, change, head } = state;
  const deadline = policy.checksMinutes === undefined ? undefined : inMinutes(policy.checksMinutes);
  const question = {
    change,
    head: head!,
    baseHead,
    task: brief(state.input.task),
    checkSeconds: policy.checkSeconds,
    round: roundOf(state),
    deadline,
  };
  state.checking = true;
  const report = await escalatingAfter(scope, policy.escalateAfterMinutes, () =>
    poll(scope, 'checks', { ...view, deadline }, () => activities.settledMergeResult(question)),
  );
  state.checking = report.is === 'checked' && report.running !== undefined;
  return report;
}

async function update(scope: StepScope, view: GateView): ReturnType<Base['update']> {
  const { run, activities } = scope;
  const { state } = run;
  const end = await attempt(scope, view, () => activities.updateFromBase({ change: state.change, known: state.head }));
  if (end.is === 'done' && end.value.is !== 'refused') run.saw(end.value);
  return end;
}

/** Merges the base into the work branch. Returns the reason if that is not possible. */
async function take({ run, step, activities }: StepScope, view: GateView): ReturnType<Base['take']> {
  const { state } = run;
  await run.budget.wait(step);
  transition(state, step, view);
  const update = await activities.updateFromBase({ change: state.change, known: state.head });
  if (update.is === 'refused') return { because: update.because };
  run.saw(update);
  return update.is === 'conflict' ? { because: baseConflicts(update), files: update.files } : undefined;
}
