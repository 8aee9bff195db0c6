import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../../client/connection.ts';
import type { Target } from '../../../client/upgrading.ts';
import type { ActionEntry } from '../../../workflows/contracts/reading.ts';
import { Proxy } from '../../support/cluster/proxy.ts';
import { dice, type Dice } from '../../support/walk/dice.ts';
import { Crowd, some, type CrowdOptions, type Member } from '../crowd/crowd.ts';
import { FORMS, TOLD_TO_JOBS } from '../crowd/forms.ts';
import {
  changeBuilds,
  cut,
  killPostgres,
  killServer,
  killWorkers,
  makeCurrent,
  noise,
  striking,
  type Strike,
} from '../crowd/strikes.ts';
import { judge, type Record, type Violation } from '../judge/invariants.ts';
import { replayAll } from '../judge/replaying.ts';
import type { Lane } from '../lane.ts';
import { actionsOf, pastsOf } from '../play.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';
import type { Asked } from '../world/script.ts';

/** The time limit for everything to end after the last strike, in milliseconds. */
const CONVERGES_MS = 180_000;

/** The targets of strikes. */
interface StruckAt {
  stage: Stage;
  /** The targets of upgrades, if the two lanes run different builds. */
  builds: readonly Target[];
  lanes: readonly Lane[];
  dice: Dice;
  proxy: Proxy;
  people: Crowd;
}

interface CrowdKind {
  runs: number;
  actions: number;
  mix: CrowdOptions['mix'];
  strikes: (struck: StruckAt) => Strike[];
  /** Whether the two lanes run two builds of one deployment. */
  builds?: true;
}
const SMALL = { runs: 20, actions: 1_500, mix: { review: 4, approval: 3, tested: 3 } };

export const CROWDS = {
  /** Ten thousand actions on two hundred runs, while workers and the server are killed. */
  actions: {
    runs: 200,
    actions: 10_000,
    mix: { review: 8, approval: 1, tested: 1 },
    strikes: ({ stage, lanes, dice }) => [killWorkers(lanes, dice), killServer(stage, [30, 90])],
  },
  server: { ...SMALL, strikes: ({ stage }) => [killServer(stage, [3, 10])] },
  postgres: { ...SMALL, strikes: ({ stage }) => [killPostgres(stage, [3, 10])] },
  /** Nobody reaches the server for a minute. */
  partition: { ...SMALL, strikes: ({ stage, proxy }) => [cut(proxy, stage, 60, [5, 20])] },
  /** Duplicated, late and reordered messages, and storms of hints. */
  messages: { ...SMALL, strikes: ({ people, dice }) => [noise(people, dice)] },
  /** Two builds that become current in turn, while the workers of both are killed. */
  builds: {
    ...SMALL,
    builds: true,
    strikes: ({ stage, lanes, dice, builds }) => [changeBuilds(stage, builds), killWorkers(lanes, dice)],
  },
  /** All strikes at once, for the additional seeds of `--seeds`. */
  random: {
    ...SMALL,
    strikes: ({ stage, lanes, dice, proxy, people }) => [
      killWorkers(lanes, dice),
      killServer(stage, [20, 60]),
      killPostgres(stage, [25, 80]),
      cut(proxy, stage, 8, [15, 50]),
      noise(people, dice),
    ],
  },
} as const satisfies { [name: string]: CrowdKind };
export type CrowdName = keyof typeof CROWDS;

export interface CrowdSize {
  seed: number;
  /** The share of runs and actions to play, for a quick run. */
  part?: number;
  actions?: number | undefined;
}

/** Plays one crowd under its strikes until everything has ended, and judges every run. */
export async function crowd(stage: Stage, name: CrowdName, { seed, part = 1, actions }: CrowdSize): Promise<Outcome> {
  const kind: CrowdKind = CROWDS[name];
  const throws = dice(seed);
  const proxy = await Proxy.to(stage.cluster.temporal.port);
  const { namespace } = stage.cluster;
  const client = await connect({ connection: { address: proxy.address }, namespace, address: proxy.address });
  const queue = `${name}-${seed}`;
  const builds = ['b1', 'b2'].map((build) => ({ taskQueue: queue, deploymentName: queue, build }));
  const lanes = builds.map(({ build }, index) =>
    stage.lane(`${queue}-${index + 1}`, {
      queue,
      address: proxy.address,
      ...(kind.builds && { env: { GATEHOUSE_BUILD: build, GATEHOUSE_DEPLOYMENT: queue } }),
    }),
  );
  const workers = await Promise.all(lanes);
  try {
    if (kind.builds) while ((await makeCurrent(stage.client, builds[0]!)) === undefined) await pause(500);
    const runs = Math.max(4, Math.round(kind.runs * part));
    const people = new Crowd(stage, {
      runs,
      actions: actions ?? Math.round(kind.actions * part),
      seed,
      queue,
      mix: kind.mix,
      client,
    });
    const began = Date.now();
    await people.gather();
    stage.say(`${name}: ${runs} runs began in ${seconds(began)} s`);
    const strikes = striking(kind.strikes({ stage, builds, lanes: workers, dice: throws, proxy, people }), throws);
    const clock = setInterval(() => stage.say(`${name}: ${JSON.stringify(people.told)}`), 15_000);
    const acting = Date.now();
    await people.act().finally(() => clearInterval(clock));
    const rate = people.acknowledged / ((Date.now() - acting) / 1_000);
    const struck = await strikes.stop();
    stage.say(
      `${name}: ${people.acknowledged} actions at ${rate.toFixed(0)} a second, ${struck.count} strikes; ending all runs`,
    );
    await people.finish();
    const outcome = await judged(stage, name, seed, people, struck);
    return { ...outcome, note: `${JSON.stringify(people.told)} at ${rate.toFixed(0)} a second` };
  } finally {
    await Promise.all(workers.map((lane) => lane.end()));
    proxy.close();
  }
}

const seconds = (since: number) => Math.round((Date.now() - since) / 1_000);

interface Struck {
  count: number;
  overAt: number;
}

/** Waits until everything of a crowd has ended, and judges every run. */
export async function judged(
  stage: Stage,
  name: string,
  seed: number,
  { members, acknowledged }: Crowd,
  { count, overAt }: Struck,
): Promise<Outcome & { longest: number }> {
  const closedAt = await untilClosed(stage, members, Math.max(overAt, Date.now()) + CONVERGES_MS);
  const ledgers = await stage.ledgerOf(...members.map(({ task }) => task));
  const asked = await stage.asked();
  const records: (Record & { workflowId: string; violations: Violation[] })[] = [];
  await some(10, members, async ({ task, repository, form, workflowId, acks, ends }) => {
    const log = await actionsOf(stage, workflowId);
    const record: Record = {
      task,
      repository,
      expected: { end: ends ?? FORMS[form].ends, withinMs: Number.MAX_SAFE_INTEGER },
      ledger: ledgers.get(task) ?? [],
      pasts: await pastsOf(stage, task),
      acks,
      log,
      closedAt,
    };
    records.push({ ...record, workflowId, violations: [...judge(record), ...toldOnce(log, asked)] });
  });
  const replayed = await replayAll(
    records.flatMap(({ pasts }) => pasts),
    await stage.cluster.folder('replay'),
  );
  for (const each of records) each.violations.push(...(replayed.get(each.workflowId) ?? []));
  const violations = [...records.flatMap((each) => each.violations), ...elsewhere(replayed, records)];
  const bad = records.filter((each) => each.violations.length > 0);
  return {
    kind: name,
    name: `${name} --seed ${seed}`,
    injected: count,
    actions: acknowledged,
    tookMs: closedAt === undefined ? undefined : closedAt - overAt,
    violations,
    longest: Math.max(...records.flatMap(({ pasts }) => pasts.map(({ events }) => events.length))),
    kept: bad.length > 0 ? await keep(stage, `${name}-${seed}`, bad) : undefined,
  };
}

/** Replay failures of workflows other than the runs: environments and release watches. */
const elsewhere = (replayed: ReadonlyMap<string, Violation[]>, runs: readonly { workflowId: string }[]): Violation[] =>
  [...replayed]
    .filter(([id]) => runs.every(({ workflowId }) => workflowId !== id))
    .flatMap(([, violations]) => violations);

/** Checks that the text of each taken action reached exactly one job, and that of each refused action reached none. */
function toldOnce(log: readonly ActionEntry[], asked: readonly Asked[]): Violation[] {
  return log
    .filter(({ action }) => TOLD_TO_JOBS.includes(action))
    .flatMap(({ action, actionId, verdict }): Violation[] => {
      const word = new RegExp(`${actionId}(?!\\d)`);
      const jobs = new Set(asked.filter(({ words }) => word.test(words)).map(({ key }) => key));
      const wanted = verdict === 'taken' ? 1 : 0;
      if (jobs.size === wanted) return [];
      const count = jobs.size > wanted ? 'doubled' : 'lost';
      return [{ invariant: 'I1', count, text: `${action} ${actionId} was ${verdict}, and reached ${jobs.size} jobs` }];
    });
}

async function untilClosed({ client }: Stage, members: readonly Member[], until: number): Promise<number | undefined> {
  const open = new Set(members.flatMap(({ task }) => [`run/default/${task}`, `env/default/${task}`]));
  for (; Date.now() < until; await pause(500)) {
    await some(20, [...open], async (id) => {
      const status = await client.workflow
        .getHandle(id)
        .describe()
        .then(
          ({ status }) => status.name,
          (failure: Error) => (failure.name === 'WorkflowNotFoundError' ? 'NEVER' : 'RUNNING'),
        );
      if (status !== 'RUNNING') open.delete(id);
    });
    if (open.size === 0) return Date.now();
  }
  return undefined;
}

async function keep(stage: Stage, name: string, records: unknown): Promise<string> {
  const folder = path.join(stage.folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'records.json'), JSON.stringify(records, undefined, 1));
  return folder;
}
