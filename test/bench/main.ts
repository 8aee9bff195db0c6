// Measures gatehouse, bare Temporal, DBOS and the original's driver on one machine in one run: `npm run bench --
// [--quick] [--only scenario …] [--json] [--install] [--profile] [--repetitions N]`. BENCHMARKS.md describes the
// comparison.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { absence, contend, contestants, install } from './contestants.ts';
import { Book, type Who } from './figures.ts';
import { machine, machineText } from './machine.ts';
import { QUICK, WHOLE, type Pace } from './pace.ts';
import { judge, line, missed, table } from './report.ts';
import { action } from './scenarios/action.ts';
import { agents } from './scenarios/agents.ts';
import { checks } from './scenarios/checks.ts';
import { cli } from './scenarios/cli.ts';
import { crash } from './scenarios/crash.ts';
import { happy } from './scenarios/happy.ts';
import { inbox } from './scenarios/inbox.ts';
import { parked } from './scenarios/parked.ts';
import { replay } from './scenarios/replay.ts';
import { repository } from './scenarios/repository.ts';
import { step } from './scenarios/step.ts';
import { storm } from './scenarios/storm.ts';
import { wake } from './scenarios/wake.ts';
import type { MetricId } from './metrics.ts';
import { Stage } from './stage.ts';

type Scenario = (stage: Stage, pace: Pace, book: Book) => Promise<void>;

/** The scenarios in order. Each parks the additional runs that it needs, and the following ones reuse them. */
const SCENARIOS: Record<string, { play: Scenario; brings: MetricId[] }> = {
  checks: { play: (stage, _, book) => checks(book, stage.say), brings: ['checks-events', 'checks-looks'] },
  cli: { play: cli, brings: ['cli-help', 'cli-version', 'cli-completion', 'cli-loading', 'cli-list'] },
  inbox: { play: (stage, _, book) => inbox(book, stage.say), brings: ['inbox'] },
  action: { play: action, brings: ['action', 'action-update', 'acknowledged', 'acknowledged-signal'] },
  step: { play: step, brings: ['step'] },
  happy: { play: happy, brings: ['happy-time', 'happy-events', 'happy-size', 'happy-actions'] },
  replay: { play: replay, brings: ['replay'] },
  crash: { play: crash, brings: ['crash'] },
  storm: { play: storm, brings: ['storm', 'storm-short'] },
  parked: { play: parked, brings: ['parked-memory', 'parked-cpu', 'parked-server', 'parked-database'] },
  wake: { play: wake, brings: ['wake'] },
  agents: { play: agents, brings: ['agent-acp', 'agent-memory'] },
  repository: {
    play: repository,
    brings: ['repository-second', 'repository-removal', 'repository-git', 'repository-removals'],
  },
};
const NAMES = [...Object.keys(SCENARIOS), ...contestants];

const began = Date.now();
const say = (text: string) =>
  process.stderr.write(`${String(Math.round((Date.now() - began) / 1_000)).padStart(5)} s  ${text}\n`);

function wishes() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      install: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      repetitions: { type: 'string' },
    },
  });
  const only = [...(values.only ?? []).flatMap((name) => name.split(',')), ...positionals];
  const unknown = only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected some of ${NAMES.join(', ')}`);
  return { ...values, names: only.length > 0 ? NAMES.filter((name) => only.includes(name)) : NAMES };
}

async function main(): Promise<number> {
  const { quick, json, names, profile, ...wish } = wishes();
  if (wish.install) await install();
  const pace = { ...(quick ? QUICK : WHOLE) };
  if (wish.repetitions !== undefined) pace.repetitions = Number(wish.repetitions);
  const folder = path.resolve('build', 'bench');
  await mkdir(folder, { recursive: true });
  const book = new Book();
  const absent: Partial<Record<Who, string>> = {};
  const stage = await Stage.open({ say, profile: profile ? path.join(folder, 'profiles') : undefined });
  const versions = await stage.cluster.versions();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say('stopping the server and the workers');
      void stage.close().finally(() => process.exit(130));
    });
  }
  try {
    for (const name of names) {
      const scenario = SCENARIOS[name];
      if (!scenario) continue;
      // A scenario that fails has missed its targets. The results of the others are still reported.
      await scenario.play(stage, pace, book).catch((failure: Error) => say(`${name} failed: ${failure.stack}`));
      say(line(book.metrics));
    }
    for (const who of contestants) {
      const why = names.includes(who) ? await absence(who) : 'left out by --only';
      if (why) absent[who] = why;
      else await contend(who, stage, pace, book);
    }
  } finally {
    await stage.close();
  }

  const on = { ...machine(), ...versions };
  const wanted = names.flatMap((name) => SCENARIOS[name]?.brings ?? []);
  const short = missed(book.metrics, wanted);
  const record = {
    at: new Date().toISOString(),
    seconds: Math.round((Date.now() - began) / 1_000),
    quick,
    machine: on,
    absent,
    metrics: book.metrics.map((metric) => ({ ...metric, ...judge(metric) })),
    missed: short,
  };
  const file = path.join(folder, `${record.at.replaceAll(':', '-')}.json`);
  await writeFile(file, `${JSON.stringify(record)}\n`);
  const texts = [
    table(book.metrics, absent),
    `\nMedians; for times also / p90 / p99 / worst, and in brackets the medians of the repetitions. ${machineText(on)}.`,
    ...Object.entries(absent).map(([who, why]) => `${who} was not run: ${why}`),
    ...short.map((text) => `missed: ${text}`),
    ...(quick ? ['A quick run only shows that the benchmark works. Its figures are not representative.'] : []),
    `Raw data: ${path.relative(process.cwd(), file)}`,
  ];
  process.stderr.write(json ? `${texts.join('\n')}\n` : '');
  process.stdout.write(json ? `${JSON.stringify(record)}\n` : `${texts.join('\n')}\n${line(book.metrics)}\n`);
  return short.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (failure) {
  process.stderr.write(`${(failure as Error).stack}\n`);
  process.exitCode = 2;
}
