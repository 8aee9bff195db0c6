import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { presence } from '../../../activities/adapters/processes/presence.ts';
import type { Location } from '../../../activities/adapters/state/connecting.ts';
import { STATE_FILE } from '../../../activities/adapters/state/locating.ts';
import { State } from '../../../activities/adapters/state/state.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { bringBundle } from '../../support/bundles.ts';
import { dice } from '../../support/walk/dice.ts';
import { some } from '../crowd/crowd.ts';
import { striking } from '../crowd/strikes.ts';
import { judge, type Violation } from '../judge/invariants.ts';
import { replayAll } from '../judge/replaying.ts';
import { leftIn, overlaps } from '../machines/judging.ts';
import { Machine } from '../machines/machine.ts';
import { Network } from '../machines/network.ts';
import { playRun, type Played } from '../machines/runs.ts';
import { LOST_SECONDS, strikesOf } from '../machines/strikes.ts';
import { actionsOf, pastsOf } from '../play.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';

/** How many runs are live at a time. */
const AT_ONCE = 12;
/** How long all that is left may take to end once nothing strikes any more, in milliseconds. */
const ENDS_WITHIN_MS = 300_000;
const NAMES = ['one', 'other'] as const;

/**
 * `two-folders`: two machines with a network and a data folder each, on one PostgreSQL. `one-folder`: two containers on one data
 * folder with SQLite, which see only their own processes.
 */
export const MACHINES = ['two-folders', 'one-folder'] as const;
export type MachinesName = (typeof MACHINES)[number];

/** Plays many runs on two machines, each with a worker, that are killed, frozen and cut off at random. */
export async function machines(
  stage: Stage,
  name: MachinesName,
  { seed, runs }: { seed: number; runs: number },
): Promise<Outcome> {
  const queue = `machines-${name}`;
  const site = await built(stage, name, queue);
  const state = new State(site.database, presence);
  const throws = dice(seed);
  const over = new AbortController();
  try {
    for (const machine of site.machines) {
      await machine.boot();
      await machine.start();
      if (machine.isOver) throw new Error(`The worker of ${machine.name} has ended: see its log in ${stage.folder}.`);
    }
    const strikes = site.machines.map((machine) => striking([strikesOf(machine, throws, stage.say)], throws));
    const clock = { until: Infinity };
    const played: Played[] = [];
    const playing = some(AT_ONCE, Array.from({ length: runs }), async () => {
      played.push(await playRun(stage, queue, over.signal));
      stage.say(`${name}: ${played.length} of ${runs} runs have ended`);
    });
    const enough = pause(0).then(async () => {
      while (runs - played.length > AT_ONCE / 3) await pause(500);
      return Promise.all(strikes.map((each) => each.stop()));
    });
    const struck = await enough;
    clock.until = Date.now() + ENDS_WITHIN_MS;
    const timer = setTimeout(() => over.abort(), ENDS_WITHIN_MS);
    await playing.finally(() => clearTimeout(timer));
    const overAt = Math.max(...struck.map((each) => each.overAt));
    const violations = [
      ...(await judged(stage, played, overAt)),
      ...overlaps(await readFile(site.workLog, 'utf8')),
      ...(await settled(() =>
        leftIn(
          state,
          played.map(({ task }) => task),
        ),
      )),
      ...(await stopped(site.machines)),
    ];
    const closedAt = Math.max(...played.map((each) => each.closedAt ?? Infinity));
    return {
      kind: `machines ${name}`,
      name: `machines:${name} --seed ${seed} --runs ${runs}`,
      injected: struck.reduce((sum, { count }) => sum + count, 0),
      actions: played.reduce((sum, { acks }) => sum + acks.length, 0),
      tookMs: Number.isFinite(closedAt) ? closedAt - overAt : undefined,
      violations,
    };
  } finally {
    over.abort();
    await state.close().catch(() => undefined);
    await Promise.all(site.machines.map((machine) => machine.remove()));
  }
}

interface Site {
  machines: Machine[];
  database: Location;
  workLog: string;
}

async function built(stage: Stage, name: MachinesName, queue: string): Promise<Site> {
  const { cluster, folder } = stage;
  const home = await cluster.folder(queue);
  const workLog = path.join(folder, `${queue}.log`);
  await writeFile(workLog, '');
  const database = queue.replaceAll('-', '_');
  const apart = name === 'two-folders';
  if (apart) await cluster.postgres.query(`create database ${database}`, 'postgres');
  const machines: Machine[] = [];
  for (const [index, each] of NAMES.entries()) {
    const network = apart ? await Network.create(index + 1) : undefined;
    const data = path.join(home, apart ? each : 'shared');
    await bringBundle(data);
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TEMPORAL_ADDRESS: network ? await network.to(cluster.temporal.port) : cluster.address,
      GATEHOUSE_TASK_QUEUE: queue,
      GATEHOUSE_DATA: data,
      GATEHOUSE_LEDGER: stage.ledgerFile,
      GATEHOUSE_LOST_SECONDS: String(LOST_SECONDS),
      GATEHOUSE_LOOK_SECONDS: '0.5',
      GATEHOUSE_CALL_SECONDS: '15',
      GATEHOUSE_DRAIN_SECONDS: '0',
      GATEHOUSE_BUDGET_CENTS: '1000000000',
      GATEHOUSE_LOG_LEVEL: 'info',
      WORK_LOG: workLog,
      ...(network && { GATEHOUSE_DATABASE_URL: await urlThrough(network, cluster.postgres, database) }),
    };
    machines.push(new Machine({ name: `${name}-${each}`, folder, network, env, guard: stage.guard }));
  }
  const location = apart ? { url: cluster.postgres.url(database) } : { file: path.join(home, 'shared', STATE_FILE) };
  return { machines, database: location, workLog };
}

async function urlThrough(
  network: Network,
  { port, url }: Stage['cluster']['postgres'],
  database: string,
): Promise<string> {
  const through = new URL(url(database));
  through.host = await network.to(port);
  return through.href;
}

/** What each run did, by its history, its log of actions and the ledger. */
async function judged(stage: Stage, played: readonly Played[], overAt: number): Promise<Violation[]> {
  const ledgers = await stage.ledgerOf(...played.map(({ task }) => task));
  const violations: Violation[] = [];
  const pasts = [];
  for (const { task, repository, acks, closedAt } of played) {
    const record = {
      task,
      repository,
      expected: { end: 'merged', withinMs: ENDS_WITHIN_MS },
      ledger: ledgers.get(task) ?? [],
      pasts: await pastsOf(stage, task),
      acks,
      log: await actionsOf(stage, runIdOf('default', task)),
      overAt,
      closedAt,
    };
    pasts.push(...record.pasts);
    violations.push(
      ...judge(record)
        .filter((each) => !isByLedgerOrder(each))
        .map((each) => ({ ...each, text: `${task}: ${each.text}` })),
    );
  }
  const replayed = await replayAll(pasts, await stage.cluster.folder('replay'));
  return [...violations, ...[...replayed.values()].flat()];
}

/**
 * A worker that is cut off writes the end of what it runs into the ledger only when it is back. Whether two of a kind were at work at
 * once is judged by what they reported themselves.
 */
const isByLedgerOrder = ({ text }: Violation): boolean =>
  / was (?:started|created) while /.test(text) || / still (?:runs|exists)$/.test(text);

/** Workers clear up for a while after the last run. */
async function settled(ask: () => Promise<Violation[]>): Promise<Violation[]> {
  for (const until = Date.now() + 90_000; ; await pause(1_000)) {
    const left = await ask();
    if (left.length === 0 || Date.now() > until) return left;
  }
}

/** Stops all workers in good order. Nothing of what they ran may be left. */
async function stopped(all: readonly Machine[]): Promise<Violation[]> {
  const found = await Promise.all(
    all.map(async (machine): Promise<Violation[]> => {
      const code = await machine.end('SIGTERM');
      const left = await machine.processes();
      return [
        ...(code === 0
          ? []
          : [{ invariant: 'I4', count: 'other' as const, text: `the worker of ${machine.name} ended with ${code}` }]),
        ...left.map((line): Violation => ({
          invariant: 'I4',
          count: 'leaked',
          text: `still running on ${machine.name}: ${line}`,
        })),
      ];
    }),
  );
  return found.flat();
}
