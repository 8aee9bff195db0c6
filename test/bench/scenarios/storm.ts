import { signalOf } from '../../../workflows/contracts/messages.ts';
import { taking } from '../gatehouse/ports.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { PROPOSED, type Stage } from '../stage.ts';

/**
 * As many actions at once as runs wait for an approval, one for each: the time until the last of them has had its effect,
 * which is that an agent is at work again. As agents are, it is at work for longer than the storm lasts: so all of them are
 * at the same time. Between two storms everything comes to rest again.
 */
export async function storm(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const bare = (await stage.floorParked(pace.storm)).slice(-pace.storm);
  const runs = (await stage.proposed(pace.storm)).slice(-pace.storm);
  const said = { by: 'ana', feedback: `No tax. ${taking(pace.stormSeconds)}` };
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
    const rested = runs.map((task) => stage.effects.next(`${task} ${PROPOSED}`, PATIENCE));
    gatehouse.push([
      await until(
        runs.map((task) => stage.effects.next(`${task} architect`, PATIENCE)),
        () => runs.map((task) => stage.run(task).signal(signalOf('requestChanges'), said)),
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
