import { recoveryText } from '../../../../workflows/words/views/recovery.ts';
import { recovering } from '../../../doctor/recovering.ts';
import { NotPossible } from '../../../errors.ts';
import type { Called } from '../../called.ts';
import { withRuns, workflowIdOf } from '../../context.ts';
import { EXIT } from '../../exit-codes.ts';
import { print } from '../../output.ts';
import { nowAndThen } from '../../progress.ts';

interface Wish {
  dryRun?: boolean;
  by?: string;
}

/** Starts every run anew that was live when the Temporal server was lost with all its data. */
export async function recover({ args: [named], options, json }: Called<[string[]], Wish>): Promise<number> {
  const only = named.map((run) => workflowIdOf(run));
  const { dryRun = false, by } = options;
  const wish = { dryRun, ...(by !== undefined && { by }), ...(only.length > 0 && { only }) };
  const say = nowAndThen((done) => `${done} started anew`);
  const report = await withRuns(({ client, config: { variables } }) =>
    recovering(client, variables.GATEHOUSE_TASK_QUEUE, wish, ({ done }) => say(done.length)),
  );
  const { refused, lost, done } = report;
  const [first] = refused;
  if (first && lost.length === 0) throw new NotPossible(`${first.workflowId} is not started anew: ${first.because}.`);
  print(json, report, recoveryText);
  const isWhole = refused.length === 0 && done.every(({ is }) => is !== 'failed');
  return isWhole && lost.every(({ because }) => because === undefined) ? EXIT.done : EXIT.failed;
}
