import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

/** The number of steps of one run that are measured, after the first. */
const STEPS = 10;

/**
 * Measures the cost of a step: the time between the effects of two consecutive steps, in a pipeline of plain agents whose
 * jobs end at once. The floor is a chain of activities, with one workflow task per activity. One run at a time, in turns.
 */
export async function step(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const floor: number[][] = [];
  const gatehouse: number[][] = [];
  for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
    stage.say(`per step: repetition ${repetition + 1} of ${pace.repetitions}`);
    floor.push([]);
    gatehouse.push([]);
    for (let run = 0; run <= pace.stepRuns; run += 1) {
      const [theirs, ours] = [await bareChain(stage), await pipeline(stage)];
      if (run === 0) continue;
      floor.at(-1)!.push(...theirs);
      gatehouse.at(-1)!.push(...ours);
    }
  }
  book.add({ id: 'step', ...METRICS.step }, { floor: figure(floor), gatehouse: figure(gatehouse) });
}

async function bareChain(stage: Stage): Promise<number[]> {
  const name = stage.name('chain');
  return between(stage, name, async () => {
    await stage.startFloor('chain', name, [STEPS + 1]);
    await stage.bare(name).result();
  });
}

async function pipeline(stage: Stage): Promise<number[]> {
  const task = stage.name('step');
  const agents = Array.from({ length: STEPS }, () => ({ kind: 'researcher' }));
  return between(stage, task, async () => {
    await stage.startRun(task, { pipeline: { steps: [{ kind: 'coder' }, ...agents] } });
    await stage.run(task).result();
  });
}

/** The times between the effects of one run's steps, in milliseconds. */
async function between(stage: Stage, name: string, play: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const over = stage.effects.follow(({ effect, at }) => {
    if (effect === name || (/^\S+ (coder|researcher)$/.test(effect) && effect.startsWith(`${name} `))) times.push(at);
  });
  await play();
  over();
  if (times.length !== STEPS + 1) throw new Error(`${name} had ${times.length} effects instead of ${STEPS + 1}.`);
  return times.slice(1).map((time, index) => time - times[index]!);
}
