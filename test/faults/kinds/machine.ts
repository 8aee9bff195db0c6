import { machineCases } from '../plan/faults.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';
import { baselines, inTurns, isWanted, strikeAll, stillRunning, type Systematic } from './windows.ts';

/**
 * The machine itself: the worker dies before and after each git call and each file write, the disk is full for a while, git
 * and files are slow, the repository is elsewhere for a while. Which sites there are an undisturbed run tells.
 */
export async function machine(stage: Stage, { only, lanes: many }: Systematic): Promise<Outcome[]> {
  const names = Array.from({ length: many }, (_, index) => `machine-${index + 1}`);
  const lanes = await inTurns(names, 2, (name) => stage.localLane(name));
  const [first] = lanes;
  // The first run of a lane makes its folders: those sites are met as well.
  const undisturbed = await baselines(stage, [first!], ['local']);
  const sites = await first!.sites();
  stage.say(`${sites.length} sites: ${sites.join(', ')}`);
  const cases = machineCases(sites).filter(({ name }) => isWanted(name, only));
  return [...(await strikeAll(stage, lanes, undisturbed, cases)), await stillRunning(stage)];
}
