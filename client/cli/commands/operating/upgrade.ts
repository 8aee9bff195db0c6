import { found } from '../../../../workflows/contracts/bad-fields.ts';
import { upgrade as moveAll, type Moving } from '../../../upgrading.ts';
import type { Called } from '../../called.ts';
import { withRuns } from '../../context.ts';
import { EXIT, Usage } from '../../exit-codes.ts';
import { print, say } from '../../output.ts';

/** The longest timer that Node supports, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

export async function upgrade({ options: { seconds }, json }: Called<[], { seconds: string }>): Promise<number> {
  const limit = Number(seconds);
  if (!(limit >= 0)) throw new Usage(`--seconds: expected a number, 0 or more, found ${found(seconds)}`);
  const moving = await withRuns(({ client, config: { variables } }) => {
    const { GATEHOUSE_TASK_QUEUE: taskQueue, GATEHOUSE_BUILD: build, GATEHOUSE_DEPLOYMENT } = variables;
    const stop = AbortSignal.timeout(Math.min(limit * 1_000, LONGEST_MS));
    return moveAll(client, { taskQueue, build, deploymentName: GATEHOUSE_DEPLOYMENT }, { told: showProgress, stop });
  });
  print(json, moving, textOf);
  return moving.left > 0 && limit > 0 ? EXIT.failed : EXIT.done;
}

const showProgress = ({ left, places }: Moving): void => say(`${left} still to move; ${countsOf(places)}`);

const countsOf = (places: Moving['places']): string =>
  Object.entries(places)
    .map(([place, count]) => `${place}: ${count}`)
    .join(', ') || 'nothing is live';

const textOf = ({ target: { taskQueue, build, deploymentName }, places, left, asked }: Moving): string =>
  [
    left === 0
      ? `All live runs are at ${build === undefined ? taskQueue : `${taskQueue} ${deploymentName}:${build}`}. Workers of other builds may stop.`
      : `${left} of ${asked} workflows have not moved yet, because they have not reached a safe point. Keep their workers running, and run this again.`,
    countsOf(places),
  ].join('\n');
