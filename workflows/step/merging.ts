import { CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import type { MergeReport, MergeWait } from '../contracts/activities.ts';
import type { Base } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import { mergeNotReadBack } from '../words/merger.ts';
import { mergeReadBackTimer } from '../words/views/timers.ts';
import { pollUntilAnswered } from './polls.ts';
import type { StepScope } from './scope.ts';

/** How long, in seconds, a run that was cancelled during its merge waits to learn whether it has merged. */
const READ_BACK_SECONDS = 60;

/**
 * Merges. After a cancellation it reads back whether the merge took effect; if it did, it counts. A merge that the forge makes
 * wait is asked for again when a hint arrives.
 */
export async function merge(
  scope: StepScope,
  expected: Parameters<Base['merge']>[0],
  shown?: MergeWait,
): Promise<MergeReport> {
  const { run, step, activities } = scope;
  await run.budget.wait(step);
  const { change, input, policy } = run.state;
  const method = policy.mergeMethod;
  const asked = { change, ...expected, task: brief(input.task), ...(method && { method }), ...(shown && { shown }) };
  const ask = () => activities.merge(asked);
  try {
    return await (shown ? pollUntilAnswered(() => run.mailbox.hints.change, ask) : ask());
  } catch (failure) {
    if (!isCancellation(failure) || !patched('a-merge-is-read-back')) throw failure;
    const merged = await CancellationScope.nonCancellable(() => readBack(scope, asked));
    if (!merged) throw failure;
    return merged;
  }
}

/** Reads whether it is merged. If it is, the merge is completed, including the removal of the branch. */
async function readBack(
  { run, step, activities }: StepScope,
  asked: Parameters<StepScope['activities']['merge']>[0],
): Promise<Extract<MergeReport, { is: 'merged' }> | undefined> {
  let merged: Extract<MergeReport, { is: 'merged' }> | undefined;
  const scope = new CancellationScope();
  let over = false;
  let refused = false;
  const reading = scope.run(async () => {
    const seen = await activities.lookAtChange({ change: asked.change, known: asked.head });
    if (seen.state !== 'merged') return;
    merged = { is: 'merged', mergeCommit: seen.mergeCommit ?? seen.baseHead, head: asked.head };
    const report = await activities.merge(asked);
    if (report.is === 'merged') merged = report;
  });
  void reading.catch(() => (refused = true)).finally(() => (over = true));
  await condition(() => over, READ_BACK_SECONDS * 1_000, { summary: mergeReadBackTimer() });
  if (!over) scope.cancel();
  if ((!over || refused) && !merged && patched('what-is-refused-is-told')) {
    run.notices.notify(step, 'keeps_failing', mergeNotReadBack(asked.change));
  }
  return merged;
}
