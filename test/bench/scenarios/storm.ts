import { signalOf } from '../../../workflows/contracts/messages.ts';
import { taking } from '../gatehouse/ports.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

/**
 * As many actions at once as runs are parked, one for each: the time until the last of them has had its effect, which is
 * that a fixer is at work. As agents do, it is longer at work than the storm lasts, so that all of them are at the same
 * time. Between two storms everything comes to rest again.
 */
export async function storm(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const bare = (await stage.floorParked(pace.storm)).slice(-pace.storm);
  const runs = (await stage.parked(pace.storm)).slice(-pace.storm);
  const said = { by: 'ana', findings: `No tax. ${taking(pace.stormSeconds)}` };
  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    stage.say(`storm: repetition ${repetition + 1} of ${pace.repetitions}`);
    floor.push([
      await until(
        bare.map((name) => stage.effects.next(name, PATIENCE)),
        () => bare.map((name) => stage.bare(name).signal('act')),
      ),
    ]);
    const rested = runs.map((task) => stage.effects.next(`${task} human_test_ready`, PATIENCE));
    gatehouse.push([
      await until(
        runs.map((task) => stage.effects.next(`${task} fixer`, PATIENCE)),
        () => runs.map((task) => stage.run(task).signal(signalOf('requestFix'), said)),
      ),
    ]);
    await Promise.all(rested);
  }
  const note = runs.length === 1_000 ? undefined : `${runs.length} actions`;
  book.add({ id: 'storm', ...METRICS.storm }, { floor: figure(floor, note), gatehouse: figure(gatehouse, note) });
}

const PATIENCE = 300_000;

/** Seconds from the first action to the last effect. */
async function until(effects: Promise<number>[], act: () => Promise<unknown>[]): Promise<number> {
  const begun = now();
  await Promise.all(act());
  return (Math.max(...(await Promise.all(effects))) - begun) / 1_000;
}
