import { signalOf, updateOf } from '../../../workflows/contracts/messages.ts';
import { now, pause } from '../clock.ts';
import { figure, type Book } from '../figures.ts';
import { METRICS } from '../metrics.ts';
import type { Pace } from '../pace.ts';
import type { Stage } from '../stage.ts';

/**
 * The pause between two samples, in milliseconds. It keeps the work of one subject out of the measurement of the other.
 */
const REST_MS = 25;

interface Sample {
  acknowledged: number;
  effect: number;
}
type Way = 'signal' | 'update';

/**
 * Measures an action on a parked run while nothing else happens: the time to its acknowledgement, and to the first
 * external effect that follows (the fixer's job, or the activity of the floor). Floor and gatehouse take turns.
 */
export async function action(stage: Stage, pace: Pace, book: Book): Promise<void> {
  const bare = (await stage.floorParked(pace.pool)).slice(0, pace.pool);
  const runs = (await stage.parked(pace.pool)).slice(0, pace.pool);
  for (const way of ['signal', 'update'] as const) {
    const floor: Sample[][] = [];
    const gatehouse: Sample[][] = [];
    for (let repetition = 0; repetition < pace.repetitions; repetition += 1) {
      stage.say(`action by ${way}: repetition ${repetition + 1} of ${pace.repetitions}`);
      const [ours, theirs]: [Sample[], Sample[]] = [[], []];
      for (let turn = 0; turn < pace.warmUp + pace.samples; turn += 1) {
        const [a, b] = [
          await onFloor(stage, bare[turn % bare.length]!, way),
          await onRun(stage, runs[turn % runs.length]!, way),
        ];
        if (turn < pace.warmUp) continue;
        theirs.push(a);
        ours.push(b);
      }
      floor.push(theirs);
      gatehouse.push(ours);
    }
    note(book, way, floor, gatehouse);
  }
}

function note(book: Book, way: Way, floor: Sample[][], gatehouse: Sample[][]): void {
  const of = (what: keyof Sample, from: Sample[][]) => figure(from.map((samples) => samples.map((each) => each[what])));
  const effect = way === 'signal' ? 'action' : 'action-update';
  const acknowledged = way === 'signal' ? 'acknowledged-signal' : 'acknowledged';
  for (const [id, what] of [
    [effect, 'effect'],
    [acknowledged, 'acknowledged'],
  ] as const) {
    book.add({ id, ...METRICS[id] }, { floor: of(what, floor), gatehouse: of(what, gatehouse) });
  }
}

async function onFloor({ effects, bare }: Stage, name: string, way: Way): Promise<Sample> {
  const effect = effects.next(name);
  const handle = bare(name);
  return sampled(() => (way === 'signal' ? handle.signal('act') : handle.executeUpdate('act')), effect);
}

async function onRun({ effects, run }: Stage, task: string, way: Way): Promise<Sample> {
  const [effect, parkedAgain] = [effects.next(`${task} fixer`), effects.next(`${task} human_test_ready`)];
  const handle = run(task);
  const said = { by: 'ana', findings: 'The total lacks the tax.' };
  const sample = await sampled(
    () =>
      way === 'signal'
        ? handle.signal(signalOf('requestFix'), said)
        : handle.executeUpdate(updateOf('requestFix'), { args: [said] }),
    effect,
  );
  await parkedAgain;
  await pause(REST_MS);
  return sample;
}

async function sampled(send: () => Promise<unknown>, effect: Promise<number>): Promise<Sample> {
  const begun = now();
  await send();
  const acknowledged = now() - begun;
  const sample = { acknowledged, effect: (await effect) - begun };
  await pause(REST_MS);
  return sample;
}
