import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker, type WorkflowBundlePath } from '@temporalio/worker';
import { Runs } from '../../client/runs.ts';
import { CannotUpgrade, placed, placesOf, upgrade, type Target } from '../../client/upgrading.ts';
import type { WorkerConfig } from '../../worker/config.ts';
import { createWorker } from '../../worker/worker.ts';
import { readVariables } from '../../worker/configuration/variables.ts';
import { bundles } from './builds.ts';
import { judge, type Verdict } from './judge.ts';
import { Crowd, PIPELINES } from './people.ts';
import { makeWorld, REPOSITORY } from './world.ts';

export interface Wish {
  address: string;
  namespace: string;
  /** How runs are assigned to builds: by worker versioning, or by a separate task queue for each build. */
  by: 'version' | 'queue';
  runs: number;
  /** The prefix of tasks, queues and deployment, so that several tests can share a server. */
  name: string;
  say: (line: string) => void;
}

const AT_ONCE = 10;
const TIMEOUT_MS = 300_000;

/** Waits for a condition. The error names the condition. */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + TIMEOUT_MS; !(await look());) {
    if (Date.now() > deadline) throw new Error(`Timed out waiting for: ${what}`);
    await pause(250);
  }
}

/** Deploys three builds, one after another, while people act on parked runs, and judges the results. */
export async function prove(wish: Wish): Promise<Verdict> {
  const { address, namespace, say } = wish;
  const builds = await bundles();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const stage = new Stage(wish, client, native, builds);
  try {
    await stage.deploy(0);
    const crowd = new Crowd(new Runs(client, stage.targetOf(0).taskQueue), client, wish.name);
    say(`${wish.runs} runs are starting`);
    await crowd.start(wish.runs, REPOSITORY, AT_ONCE);
    await until('all runs are parked', async () => (await crowd.parked()) === wish.runs);
    const refused = await stage.refusedBy(1, crowd.ids.slice(0, PIPELINES.length));
    say(`the second build cannot replay ${refused} of ${PIPELINES.length} parked runs of the first one`);

    for (const build of [1, 2]) {
      say(`build ${build + 1} is deployed while people act`);
      const deployed = stage.deploy(build);
      await Promise.all([deployed, crowd.act(build, AT_ONCE)]);
      await stage.retire(build - 1);
      say(`build ${build} has no runs left, and its worker is stopped`);
    }
    await until('all runs are parked again', async () => (await crowd.parked()) === wish.runs);
    const moved = await crowd.settledVisits();
    say('ending all runs');
    await crowd.finish(AT_ONCE);
    await until('all has ended', async () => (await stage.live()) === 0);
    return await judge({ client, crowd, effects: stage.world.effects, refused, moved, tasks: wish.name });
  } finally {
    await stage.close();
    await native.close();
    await connection.close();
  }
}

/** The workers of all builds, which share one world. */
class Stage {
  readonly world = makeWorld();
  private readonly workers = new Map<number, { worker: Worker; running: Promise<void> }>();

  constructor(
    private readonly wish: Wish,
    private readonly client: Client,
    private readonly connection: NativeConnection,
    private readonly builds: WorkflowBundlePath[],
  ) {}

  targetOf(build: number): Target {
    const { by, name } = this.wish;
    return by === 'version'
      ? { taskQueue: name, deploymentName: name, build: `b${build + 1}` }
      : { taskQueue: `${name}-${build + 1}`, deploymentName: name, build: undefined };
  }

  /** Starts a worker of a build, and moves all runs to it. */
  async deploy(build: number): Promise<void> {
    const { client, connection } = this;
    const target = this.targetOf(build);
    const worker = await createWorker(
      { connection, config: this.configOf(target), ports: this.world.ports },
      { workflowBundle: this.builds[build]! },
    );
    this.workers.set(build, { worker, running: worker.run() });
    await until(`build ${build + 1} takes all runs`, async () => {
      try {
        const stop = AbortSignal.timeout(TIMEOUT_MS);
        const { left } = await upgrade(client, target, { told: () => undefined, stop });
        return left === 0;
      } catch (failure) {
        if (failure instanceof CannotUpgrade && failure.message.startsWith('No worker')) return false; // The worker has not polled yet.
        throw failure;
      }
    });
  }

  /** Stops the worker of a build that has no runs left. */
  async retire(build: number): Promise<void> {
    const left = placesOf(await this.own());
    const here = Object.entries(left).filter(([place]) => !this.isAt(place, build + 1));
    if (here.length > 0) throw new Error(`Build ${build + 1} still has runs: ${JSON.stringify(left)}`);
    await this.stop(build);
  }

  live = async () => (await this.own()).length;

  /** Counts the runs that a build fails to replay. Without an upgrade, these would be stuck. */
  async refusedBy(build: number, ids: string[]): Promise<number> {
    let refused = 0;
    for (const id of ids) {
      const history = await this.client.workflow.getHandle(id).fetchHistory();
      const replay = Worker.runReplayHistory({ workflowBundle: this.builds[build]! }, history, id);
      await replay.catch(() => (refused += 1));
    }
    return refused;
  }

  async close(): Promise<void> {
    for (const build of [...this.workers.keys()]) await this.stop(build);
  }

  private async stop(build: number): Promise<void> {
    const { worker, running } = this.workers.get(build)!;
    this.workers.delete(build);
    worker.shutdown();
    await running;
  }

  private own = async () => (await placed(this.client)).filter(({ workflowId }) => workflowId.includes(this.wish.name));

  private isAt(place: string, build: number): boolean {
    const { taskQueue, deploymentName, build: id } = this.targetOf(build);
    return place === (id === undefined ? taskQueue : `${taskQueue} ${deploymentName}:${id}`);
  }

  private configOf({ taskQueue, build, deploymentName }: Target): WorkerConfig {
    const { address, namespace } = this.wish;
    const environment = {
      GATEHOUSE_TASK_QUEUE: taskQueue,
      GATEHOUSE_BUILD: build,
      GATEHOUSE_DEPLOYMENT: deploymentName,
      GATEHOUSE_LOOK_SECONDS: '2',
    };
    const variables = readVariables(environment);
    return { variables, namespace, address, data: '', database: { file: '' }, connection: { address }, environment };
  }
}
