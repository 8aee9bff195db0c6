import { machineCases, type Case } from '../plan/faults.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';
import { baselines, inTurns, isWanted, strikeAll, stillRunning, type Systematic, type Undisturbed } from './windows.ts';

/**
 * Faults of the machine: the worker dies before and after each git call and each file write, the disk is full for a while,
 * git and files are slow, and the repository is missing for a while. An undisturbed run determines the sites.
 */
export async function machine(stage: Stage, { only, lanes: many }: Systematic): Promise<Outcome[]> {
  const names = Array.from({ length: many }, (_, index) => `machine-${index + 1}`);
  const lanes = await inTurns(names, 2, (name) => stage.localLane(name));
  const [first] = lanes;
  // The first run of a lane creates its folders, so it includes those sites.
  const undisturbed = await baselines(stage, [first!], ['local']);
  const sites = await first!.sites();
  stage.say(`${sites.length} sites: ${sites.join(', ')}`);
  const cases = machineCases(sites).filter(({ name }) => isWanted(name, only));
  const outcomes = await strikeAll(stage, lanes, undisturbed, cases);
  const missed = cases.filter((_, index) => outcomes[index]!.injected === 0);
  const again = await onNewLanes(stage, undisturbed, missed);
  return [...outcomes.map((outcome) => again.get(outcome.name) ?? outcome), await stillRunning(stage)];
}

/** Some sites occur only once per data folder. These are struck in new folders. */
async function onNewLanes(
  stage: Stage,
  undisturbed: Undisturbed,
  cases: readonly Case[],
): Promise<Map<string, Outcome>> {
  const again = new Map<string, Outcome>();
  for (const [index, each] of cases.entries()) {
    const lane = await stage.localLane(`machine-again-${index + 1}`);
    const [outcome] = await strikeAll(stage, [lane], undisturbed, [each]);
    again.set(each.name, outcome!);
  }
  return again;
}
