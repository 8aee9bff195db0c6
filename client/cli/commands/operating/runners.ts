import pc from 'picocolors';
import { readConfig } from '../../../config.ts';
import { runnersOf, type ShownRunner } from '../../../doctor/listed-runners.ts';
import type { Called } from '../../called.ts';
import { print } from '../../output.ts';

/** Lists the workers that run jobs, checks and previews. */
export async function runners({ json }: Called): Promise<void> {
  print(json, await runnersOf(readConfig()), (each) => each.map(lineOf).join('\n') || 'No worker is on record.');
}

function lineOf({ machine, id, running, waiting, environments, notHeardOfSince, lost, drainingSince }: ShownRunner) {
  const state = lost
    ? pc.red(`lost, not heard of since ${notHeardOfSince}`)
    : notHeardOfSince !== undefined
      ? pc.yellow(`not heard of since ${notHeardOfSince}`)
      : drainingSince !== undefined
        ? `draining since ${drainingSince}`
        : 'heard of';
  const counts = `${running} running, ${waiting} waiting, ${environments} previews`;
  return `${machine.padEnd(24)} ${id}  ${counts}  ${state}`;
}
