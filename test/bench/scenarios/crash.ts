import { signalOf } from '../../../workflows/contracts/messages.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';
import type { Subject } from '../subject.ts';

/**
 * Kills the worker and starts a new one at once. At the same moment a person acts on a run that the killed worker had in
 * memory. Measures the time from the kill to the first effect of that action.
 */
export async function crash(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const bare = await stage.floorParked(pace.crashed);
  const runs = await stage.parked(pace.crashed);
  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let turn = 0; turn < pace.crashes; turn += 1) {
    stage.say(`killing the workers: ${turn + 1} of ${pace.crashes}`);
    const name = bare.at(-1 - turn)!;
    floor.push([await killed(stage.floor, stage.effects.next(name), () => stage.bare(name).signal('act'))]);
    const task = runs.at(-1 - turn)!;
    const rested = stage.effects.next(`${task} human_test_ready`);
    const said = { by: 'ana', findings: 'No tax.' };
    gatehouse.push([
      await killed(stage.gatehouse, stage.effects.next(`${task} fixer`), () =>
        stage.run(task).signal(signalOf('requestFix'), said),
      ),
    ]);
    await rested;
  }
  book.add({ id: 'crash', ...METRICS.crash }, { floor: figure(floor), gatehouse: figure(gatehouse) });
}

/** The seconds from the kill to the effect. */
async function killed(subject: Subject, effect: Promise<number>, act: () => Promise<void>): Promise<number> {
  const begun = now();
  await subject.kill();
  const [at] = await Promise.all([effect, act(), subject.start()]);
  return (at - begun) / 1_000;
}
