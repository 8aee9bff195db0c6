import type { Command } from 'commander';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { upgrade, type Moving } from '../upgrading.ts';
import { isJson, withRuns } from './context.ts';
import { EXIT, Usage } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print, say } from './output.ts';

export function addUpgrade(program: Command, ended: Ended): void {
  const command = program
    .command('upgrade')
    .description('Brings every live run to the build (GATEHOUSE_BUILD) or task queue that this configuration names.')
    .option('--seconds <n>', 'how long to wait until all are there; 0 asks and waits for nobody', '3600');
  command.action(async ({ seconds }: { seconds: string }) => {
    const patience = Number(seconds);
    if (!(patience >= 0)) throw new Usage(`--seconds: expected a number, 0 or more, found ${found(seconds)}`);
    const moving = await withRuns(({ client, config: { variables } }) => {
      const { GATEHOUSE_TASK_QUEUE: taskQueue, GATEHOUSE_BUILD: build, GATEHOUSE_DEPLOYMENT } = variables;
      const stop = AbortSignal.timeout(Math.min(patience * 1_000, 2 ** 31 - 1));
      return upgrade(client, { taskQueue, build, deploymentName: GATEHOUSE_DEPLOYMENT }, { told, stop });
    });
    print(isJson(command), moving, textOf);
    if (moving.left > 0 && patience > 0) ended(EXIT.failed);
  });
}

const told = ({ left, places }: Moving): void => say(`${left} to come; ${countsOf(places)}`);

const countsOf = (places: Moving['places']): string =>
  Object.entries(places)
    .map(([place, count]) => `${place}: ${count}`)
    .join(', ') || 'nothing is live';

const textOf = ({ target: { taskQueue, build, deploymentName }, places, left, asked }: Moving): string =>
  [
    left === 0
      ? `All live runs are at ${build === undefined ? taskQueue : `${taskQueue} ${deploymentName}:${build}`}: workers of other builds may stop.`
      : `${left} of ${asked} that were asked are not there yet: they come at their next safe point. Keep their workers, and ask again.`,
    countsOf(places),
  ].join('\n');
