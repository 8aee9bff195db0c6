// `npm run soak -- --minutes N`: mixed load for N minutes, and a report of what grows.
import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { dice } from '../support/walk/dice.ts';
import { Crowd, some, type Member } from './crowd/crowd.ts';
import { killWorkers, striking } from './crowd/strikes.ts';
import { slopeOf } from './judge/slope.ts';
import { COUNTS, type Violation } from './judge/invariants.ts';
import { judged } from './kinds/crowds.ts';
import { Stage } from './stage.ts';

/**
 * The limit for the growth of the worker that is never killed, in the second half of the time. The first half is warm-up.
 */
const GROWTH_MB_PER_MINUTE = 3;
/**
 * The limit for the longest history of the later rounds, as a multiple of that of the earlier rounds. People act differently in each.
 */
const EVENTS_RATIO = 1.5;
const MIX = { review: 4, approval: 3, tested: 3 };
const QUEUE = 'soak';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = path.join(root, 'build', 'soak', new Date().toISOString().replace(/\W/g, ''));
await mkdir(folder, { recursive: true });
const began = Date.now();
const sinceBegin = () => (Date.now() - began) / 1_000;
const say = (line: string) => void process.stderr.write(`${String(Math.round(sinceBegin())).padStart(5)} s  ${line}\n`);

const stage = await Stage.open(say, folder);
let closing: Promise<void> | undefined;
const close = () => (closing ??= stage.close());
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void close().finally(() => process.exit(130)));

interface Sample {
  second: number;
  rssMb: number;
  databaseMb: number;
}
const samples: Sample[] = [];
const violations: Violation[] = [];
const longest: number[] = [];
const counts = { runs: 0, actions: 0, stopped: 0, terminated: 0, kills: 0 };

async function sample(pid: number | undefined): Promise<void> {
  const { stdout } = await execa('ps', ['-o', 'rss=', '-p', String(pid)], { reject: false });
  const bytes = Number(await stage.cluster.postgres.query("select pg_database_size('temporal')").catch(() => '0'));
  const one = { second: Math.round(sinceBegin()), rssMb: Number(stdout) / 1_024, databaseMb: bytes / 2 ** 20 };
  if (one.rssMb > 0) samples.push(one);
}

/**
 * Plays one round: runs that start, park, receive actions and end. One is stopped, and one is terminated and started
 * again.
 */
async function round(seed: number): Promise<void> {
  const crowd = new Crowd(stage, { runs: 10, actions: 100, seed, queue: QUEUE, mix: MIX });
  await crowd.gather();
  await crowd.act();
  const [stopped, terminated] = crowd.members as [Member, Member];
  await crowd.stop(stopped);
  await crowd.beginAgain(terminated);
  counts.stopped += 1;
  counts.terminated += 1;
  await crowd.finish();
  const outcome = await judged(stage, `round ${seed}`, seed, crowd, { count: 0, overAt: Date.now() });
  violations.push(...outcome.violations);
  for (const { invariant, text } of outcome.violations) say(`${invariant}: ${text}`);
  counts.runs += crowd.members.length;
  counts.actions += crowd.acknowledged;
  longest.push(outcome.longest);
  say(`round ${seed} is over: ${JSON.stringify(counts)}, ${samples.at(-1)?.rssMb.toFixed(0)} MB`);
}

try {
  const [steady, killed] = [await stage.lane('soak-1', { queue: QUEUE }), await stage.lane('soak-2', { queue: QUEUE })];
  const clock = setInterval(() => void sample(steady.pid), 5_000);
  const throws = dice(Number(values.seed));
  const strikes = striking([killWorkers([killed], throws, [30, 90])], throws);
  const over = began + minutes * 60_000;
  await some(2, [0, 1], async (line) => {
    for (let seed = Number(values.seed) * 1_000 + line; Date.now() < over; seed += 2) await round(seed);
  });
  counts.kills = (await strikes.stop()).count;
  await pause(2_000);
  clearInterval(clock);
} finally {
  await close();
}

const late = samples.filter(({ second }) => second > (samples.at(-1)?.second ?? 0) / 2);
const growth = slopeOf(late.map(({ second, rssMb }) => [second / 60, rssMb]));
const ratio =
  Math.max(...longest.slice(Math.ceil(longest.length / 2))) /
  Math.max(...longest.slice(0, Math.ceil(longest.length / 2)));
await writeFile(
  path.join(folder, 'samples.json'),
  JSON.stringify({ minutes, counts, growth, longest, samples, violations }, undefined, 1),
);
const bad = COUNTS.map((count) => `${count}=${violations.filter((each) => each.count === count).length}`).join(' ');
const peak = Math.max(...samples.map(({ rssMb }) => rssMb));
process.stdout.write(
  `soak: minutes=${minutes} runs=${counts.runs} actions=${counts.actions} kills=${counts.kills} ${bad} rssPeakMb=${peak.toFixed(0)} rssMbPerMinute=${growth.toFixed(2)} eventsRatio=${ratio.toFixed(2)}\n`,
);
const holds = violations.length === 0 && growth <= GROWTH_MB_PER_MINUTE && !(ratio > EVENTS_RATIO);
if (!holds) say(`samples and records: ${folder}`);
process.exit(holds ? 0 : 1);
