import { machineCases, type Case } from '../plan/faults.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';
import { baselines, inTurns, isWanted, strikeAll, stillRunning, type Systematic, type Undisturbed } from './windows.ts';

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
  const outcomes = await strikeAll(stage, lanes, undisturbed, cases);
  const missed = cases.filter((_, index) => outcomes[index]!.injected === 0);
  const again = await onNewLanes(stage, undisturbed, missed);
  return [...outcomes.map((outcome) => again.get(outcome.name) ?? outcome), await stillRunning(stage)];
}

/** Some sites are met only once per data folder: those are struck in folders of their own. */
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
