import { MockActivityEnvironment } from '@temporalio/testing';
import { beatMs, heartbeating, reportProgress } from '../../activities/waiting/heartbeating.ts';

it.each([
  [0, 10_000, 1_000],
  [20, 9_000, 1_000],
  [40, 9_000, 2_000],
  [100, 9_000, 5_000],
  [5_000, 9_000, 6_000],
  [5_000, 30_000, 20_000],
])('with %i running activities and a heartbeat timeout of %i ms, each heartbeats every %i ms', (many, waits, every) =>
  expect(beatMs(waits, many)).toBe(every),
);

const doors: (() => void)[] = [];
const beating = heartbeating({
  looks: async () => reportProgress({ seen: 1 }),
  fails: async () => {
    reportProgress({ seen: 2 });
    throw new Error('Not yet.');
  },
  waits: () => new Promise<void>((over) => doors.push(over)),
});

function heard() {
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  return { environment, beats };
}

it('passes its progress to the next attempt', async () => {
  const { environment, beats } = heard();
  await expect(environment.run(beating.fails)).rejects.toThrow('Not yet.');
  expect(beats.at(-1)).toMatchObject({ seen: 2 });
});

it('is reported at once if few activities run, and with the next heartbeat if many do', async () => {
  const few = heard();
  await few.environment.run(beating.looks);
  expect(few.beats).toEqual([{ seen: 1 }]);

  const crowd = Array.from({ length: 100 }, heard);
  const waiting = crowd.map(({ environment }) => environment.run(beating.waits));
  const one = heard();
  await one.environment.run(beating.looks);
  expect(one.beats).toEqual([]);
  doors.forEach((open) => open());
  await Promise.all(waiting);
});
