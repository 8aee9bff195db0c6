import { signalOf } from '../../../workflows/contracts/messages.ts';
import { taking } from '../gatehouse/ports.ts';
import { now, pause } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import { PROPOSED, type Stage } from '../stage.ts';

/**
 * Sends one action to each run that waits for an approval, all at once. Measures the time until the last agent works
 * again. `storm`: jobs, and the activities of the floor, take longer than the storm. `storm-short`: both end at once, so
 * the work that follows them competes with the storm. Between two storms the system becomes idle.
 */
export async function storm(stage: Stage, pace: Pace, book: Book): Promise<void> {
  await storms(stage, pace, book, 'storm', pace.stormSeconds);
  await storms(stage, pace, book, 'storm-short', 0);
}

async function storms(stage: Stage, pace: Pace, book: Book, id: 'storm' | 'storm-short', seconds: number) {
  const bare = (await stage.floorParked(pace.storm)).slice(-pace.storm);
  const runs = (await stage.proposed(pace.storm)).slice(-pace.storm);
  const said = { by: 'ana', feedback: `No tax. ${taking(seconds)}` };
  const next = (names: readonly string[], what: string) => {
    const effects = Promise.all(names.map((name) => stage.effects.next(`${name}${what}`, TIMEOUT_MS)));
    effects.catch(() => undefined); // The caller that awaits it receives the error.
    return effects;
  };
  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    stage.say(`storm, ${seconds} s each: repetition ${repetition + 1} of ${pace.repetitions}`);
    const ended = next(bare, ' ended');
    floor.push([await until(next(bare, ''), () => bare.map((name) => stage.bare(name).signal('act', seconds)))]);
    await ended;
    await pause(REST_MS);
    const rested = next(runs, ` ${PROPOSED}`);
    const asked = () => runs.map((task) => stage.run(task).signal(signalOf('requestChanges'), said));
    gatehouse.push([await until(next(runs, ' architect'), asked)]);
    await rested;
    await pause(REST_MS);
  }
  const note = runs.length === 1_000 ? undefined : `${runs.length} actions`;
  book.add({ id, ...METRICS[id] }, { floor: figure(floor, note), gatehouse: figure(gatehouse, note) });
}

const TIMEOUT_MS = 300_000;
/** The pause in which the server finishes its writes, in milliseconds. */
const REST_MS = 10_000;

/** The seconds from the first action to the last effect. */
async function until(effects: Promise<number[]>, act: () => Promise<unknown>[]): Promise<number> {
  const begun = now();
  await Promise.all(act());
  return (Math.max(...(await effects)) - begun) / 1_000;
}
