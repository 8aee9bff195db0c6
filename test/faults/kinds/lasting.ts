import { execa } from 'execa';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { commit } from '../../../client/local-stack/sample.ts';
import { Runs } from '../../../client/runs.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { Proxy } from '../../support/cluster/proxy.ts';
import { cut, killServer } from '../crowd/strikes.ts';
import { judge, type Violation } from '../judge/invariants.ts';
import { replayAll } from '../judge/replaying.ts';
import type { Lane } from '../lane.ts';
import { actionsOf, pastsOf } from '../play.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';

/**
 * Agents run longer than any strike. A worker that is frozen for 30 s misses its heartbeat timeout and counts as dead, so
 * another worker has its jobs when it continues.
 */
const AGENT_SECONDS = 90;
const FROZEN_MS = 45_000;
const CUT_SECONDS = 60;
const RUNS = 10;
/** The time of two consecutive agents, plus delays. */
const ENDS_WITHIN_MS = 600_000;
const QUEUE = 'lasting';

/** Logs its beginning and its end, and prints regularly. An agent without a logged end was killed. */
const AGENT = `
say() { printf '%s %s\\n' "$1" "$(sed -n 's/.*"key":[ ]*"\\([^"]*\\)".*/\\1/p' "$GATEHOUSE_JOB" | head -n 1)" >> "$AGENTS_LOG"; }
say begun
i=0
while [ $i -lt ${AGENT_SECONDS} ]; do echo "second $i" >&2; sleep 1; i=$((i + 1)); done
basename "$GATEHOUSE_JOB" >> work.txt
date >> work.txt
say ended
`;
const SETTINGS = `checks:\n  test: 'true'\nagents:\n  default: sh agent.sh\n  merger: sh merger.sh\n`;
const MERGER = `cat > /dev/null
printf '{"summary":"fine","output":{"complexity":0.1,"risk":0.1,"impact":0.1,"rationale":"It is small."}}' > "$GATEHOUSE_RESULT"
`;
const STEPS = ['coder', 'documenter', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));

/**
 * Ten runs with long agents on two workers of one machine, through two freezes, a cut connection, and a kill of the
 * server.
 */
export async function lasting(stage: Stage): Promise<Outcome> {
  const proxy = await Proxy.to(stage.cluster.temporal.port);
  const agents = path.join(stage.folder, 'agents.log');
  await writeFile(agents, '');
  const env = {
    GATEHOUSE_DATA: path.join(await stage.cluster.folder('local'), QUEUE),
    GATEHOUSE_LEDGER: stage.ledgerFile,
    GATEHOUSE_CALL_SECONDS: '15',
    AGENTS_LOG: agents,
  };
  const lanes: Lane[] = [];
  try {
    for (const name of ['lasting-1', 'lasting-2']) {
      lanes.push(await stage.lane(name, { queue: QUEUE, address: proxy.address, worldPort: undefined, env }));
    }
    const tasks = await begin(stage);
    const injected = await strike(stage, lanes, proxy);
    const overAt = Date.now();
    const closedAt = await untilClosed(stage, tasks, overAt + ENDS_WITHIN_MS);
    const violations = [
      ...(await judged(stage, tasks, { overAt, closedAt })),
      ...killedIn(await readFile(agents, 'utf8'), tasks),
    ];
    const tookMs = closedAt === undefined ? undefined : closedAt - overAt;
    return { kind: 'lasting', name: 'lasting', injected, actions: 0, tookMs, violations };
  } finally {
    await Promise.all(lanes.map((lane) => lane.end()));
    proxy.close();
  }
}

async function begin(stage: Stage): Promise<{ task: string; repository: string }[]> {
  const runs = new Runs(stage.client, QUEUE);
  const tasks = [];
  for (let n = 0; n < RUNS; n += 1) {
    const place = await stage.newLocalTask(makeRepository);
    tasks.push(place);
    await runs.start({
      task: { id: place.task, title: 'Plays lasting' },
      change: { repository: place.repository },
      pipeline: { steps: STEPS },
    });
  }
  return tasks;
}

async function makeRepository(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execa('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: folder });
  for (const [name, text] of [
    ['.gatehouse.yml', SETTINGS],
    ['agent.sh', AGENT],
    ['merger.sh', MERGER],
  ] as const) {
    await writeFile(path.join(folder, name), text);
  }
  await commit(folder, 'Ana', 'Slow agents');
}

/** Strikes while agents are running. Each agent outlasts its strike. Returns the number of strikes. */
async function strike(stage: Stage, [one, other]: readonly Lane[], proxy: Proxy): Promise<number> {
  await pause(15_000);
  await frozen(stage, one!);
  await killServer(stage).once();
  await pause(20_000);
  await cut(proxy, stage, CUT_SECONDS, [0, 0]).once();
  await frozen(stage, other!);
  return 4;
}

async function frozen({ say }: Stage, lane: Lane): Promise<void> {
  say(`a worker is frozen for ${FROZEN_MS / 1_000} s`);
  lane.freeze();
  await pause(FROZEN_MS);
  lane.resume();
  say('it continues');
  await pause(5_000);
}

async function untilClosed({ client, say }: Stage, tasks: readonly { task: string }[], until: number) {
  const open = new Set(tasks.map(({ task }) => runIdOf('default', task)));
  for (let reported = 0; Date.now() < until; await pause(1_000)) {
    for (const id of open) {
      const status = await client.workflow
        .getHandle(id)
        .describe()
        .then(
          (described) => described.status.name,
          () => 'RUNNING', // The server does not answer now.
        );
      if (status !== 'RUNNING') open.delete(id);
    }
    if (open.size === 0) return Date.now();
    if (reported !== open.size) say(`${(reported = open.size)} runs have not ended yet`);
  }
  return undefined;
}

async function judged(
  stage: Stage,
  tasks: readonly { task: string; repository: string }[],
  times: { overAt: number; closedAt: number | undefined },
): Promise<Violation[]> {
  const ledgers = await stage.ledgerOf(...tasks.map(({ task }) => task));
  const violations: Violation[] = [];
  const pasts = [];
  for (const { task, repository } of tasks) {
    const record = {
      task,
      repository,
      expected: { end: 'merged', withinMs: ENDS_WITHIN_MS },
      ledger: ledgers.get(task) ?? [],
      pasts: await pastsOf(stage, task),
      acks: [],
      log: await actionsOf(stage, runIdOf('default', task)),
      ...times,
    };
    pasts.push(...record.pasts);
    violations.push(...judge(record));
  }
  const replayed = await replayAll(pasts, await stage.cluster.folder('replay'));
  return [...violations, ...[...replayed.values()].flat()];
}

/** Agents that logged no end were killed, although no run stopped them. */
function killedIn(log: string, tasks: readonly { task: string }[]): Violation[] {
  const said = (word: string) =>
    log.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const ended = new Set(said('ended'));
  const begun = said('begun');
  const killed = begun.filter((key) => !ended.has(key));
  const missing = 2 * tasks.length - new Set(begun).size;
  return [
    ...killed.map((key): Violation => ({ invariant: 'I3', count: 'agentsKilled', text: `${key} was killed at work` })),
    ...(missing > 0
      ? [
          {
            invariant: 'fault',
            count: 'other' as const,
            text: `${missing} agents never began`,
          },
        ]
      : []),
  ];
}
