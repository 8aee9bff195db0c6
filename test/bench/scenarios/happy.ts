import { environmentIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { signalOf } from '../../../workflows/contracts/messages.ts';
import { now } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { tally, type Tally } from '../history.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

interface Played extends Tally {
  ms: number;
}

/**
 * Measures the built-in pipeline `human-review` with an environment and without a fix: its time, excluding that of the
 * person, and the histories of the run and its environment. The floor is a chain of six activities with one wait.
 */
export async function happy(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const floor: Played[][] = [];
  const gatehouse: Played[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    stage.say(`happy path: repetition ${repetition + 1} of ${pace.repetitions}`);
    floor.push([]);
    gatehouse.push([]);
    for (let run = 0; run <= pace.happyRuns; run += 1) {
      const [theirs, ours] = [await bareRun(stage), await humanReview(stage)];
      if (run === 0) continue;
      floor.at(-1)!.push(theirs);
      gatehouse.at(-1)!.push(ours);
    }
  }
  const of = (what: keyof Played, from: Played[][]) => figure(from.map((played) => played.map((each) => each[what])));
  for (const [id, what] of [
    ['happy-time', 'ms'],
    ['happy-events', 'events'],
    ['happy-size', 'kB'],
    ['happy-actions', 'actions'],
  ] as const) {
    book.add({ id, ...METRICS[id] }, { floor: of(what, floor), gatehouse: of(what, gatehouse) });
  }
}

async function bareRun(stage: Stage): Promise<Played> {
  const name = stage.name('bare');
  const { effects } = stage;
  const third = effects
    .next(name)
    .then(() => effects.next(name))
    .then(() => effects.next(name));
  const begun = now();
  await stage.startFloor('chain', name, [6, [3]]);
  await third;
  const handle = stage.bare(name);
  await handle.signal('act');
  await handle.result();
  return { ms: now() - begun, ...(await tally(stage.client, [name])) };
}

async function humanReview(stage: Stage): Promise<Played> {
  const task = stage.name('happy');
  const ready = stage.effects.next(`${task} human_test_ready`);
  const begun = now();
  const workflowId = await stage.startRun(task, { pipeline: 'human-review' });
  await ready;
  const handle = stage.run(task);
  await handle.signal(signalOf('confirm'), { by: 'bo' });
  const { outcome } = (await handle.result()) as { outcome: string };
  const ms = now() - begun;
  if (outcome !== 'merged') throw new Error(`${task} ended as ${outcome}.`);
  const site = environmentIdOf('default', task);
  await stage.bare(site).result();
  return { ms, ...(await tally(stage.client, [workflowId, site])) };
}
