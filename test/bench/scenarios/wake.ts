import { signalOf } from '../../../workflows/contracts/messages.ts';
import { now, pause } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { CACHED_RUNS, type Stage } from '../stage.ts';

/**
 * Measures an action on a run that newer runs have evicted from the memory of the worker, so its history is read and
 * replayed first. Each run is used once.
 */
export async function wake(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const wanted = pace.wakes * pace.repetitions;
  const filled = wanted + (pace.parked > CACHED_RUNS ? CACHED_RUNS : 0);
  const bare = await stage.floorParked((await stage.floorParked(0)).length + filled);
  const runs = await stage.parked(Math.max(pace.parked, filled));
  const cold = <T>(all: readonly T[]) => all.slice(all.length - filled, all.length - filled + wanted);
  const [coldBare, coldRuns] = [cold(bare), cold(runs)];

  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    stage.say(`cold wake: repetition ${repetition + 1} of ${pace.repetitions}`);
    floor.push([]);
    gatehouse.push([]);
    for (let turn = 0; turn < pace.wakes; turn += 1) {
      const [name, task] = [coldBare.shift()!, coldRuns.shift()!];
      floor.at(-1)!.push(await woken(stage.effects.next(name), () => stage.bare(name).signal('act')));
      const rested = stage.effects.next(`${task} human_test_ready`);
      const act = () => stage.run(task).signal(signalOf('requestFix'), { by: 'ana', findings: 'No tax.' });
      gatehouse.at(-1)!.push(await woken(stage.effects.next(`${task} fixer`), act));
      await rested;
    }
  }
  const note = pace.parked > CACHED_RUNS ? undefined : 'too few runs: none is evicted';
  book.add({ id: 'wake', ...METRICS.wake }, { floor: figure(floor, note), gatehouse: figure(gatehouse, note) });
}

async function woken(effect: Promise<number>, act: () => Promise<void>): Promise<number> {
  const begun = now();
  await act();
  const took = (await effect) - begun;
  await pause(25);
  return took;
}
