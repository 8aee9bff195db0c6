import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import { Cluster } from '../support/cluster/cluster.ts';
import { Effects } from './effects.ts';
import { Subject } from './subject.ts';

/** How many workflows the workers keep in memory: fewer than the parked runs, as in production. */
export const CACHED_RUNS = 1_000;
/** The notice that is sent when a step's output waits for approval. */
export const PROPOSED = 'approval_required';
const FLOOR_QUEUE = 'floor';
const QUEUE = 'gatehouse';
/** The number of runs that start at a time. If all started at once, our own queue would cause missed deadlines. */
const AT_A_TIME = 40;

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The pipeline of runs that park: one job, then a person, who may send the fixer any number of times. */
const PARKING = { pipeline: { steps: [{ kind: 'coder' }, { kind: 'human-test' }] }, policy: { fixAttempts: 1_000 } };

export interface Input {
  pipeline: unknown;
  policy?: object;
}

/** The setup of every scenario: the server with PostgreSQL, the two workers on it, and a client. */
export class Stage {
  readonly effects: Effects;
  private readonly parkedRuns: string[] = [];
  private readonly proposedRuns: string[] = [];
  private readonly parkedFloor: string[] = [];
  private names = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly client: Client,
    readonly floor: Subject,
    readonly gatehouse: Subject,
    effects: Effects,
    readonly logs: string,
    readonly say: (line: string) => void,
    /** Creates an additional worker on this server, with its own queue and variables. The caller ends it. */
    readonly besides: (
      name: string,
      main: string,
      queue: string,
      variables?: Record<string, string>,
    ) => Promise<Subject>,
  ) {
    this.effects = effects;
  }

  static async open({ say, profile }: { say: (line: string) => void; profile?: string | undefined }): Promise<Stage> {
    const cluster = await Cluster.start(say);
    const effects = new Effects();
    const logs = path.resolve('build', 'bench', 'logs');
    await mkdir(logs, { recursive: true });
    const subject = async (name: string, main: string, queue: string, variables: Record<string, string> = {}) =>
      new Subject({
        name,
        main: at(main),
        effects,
        log: path.join(logs, `${name}.log`),
        environment: {
          ...process.env,
          TEMPORAL_ADDRESS: cluster.address,
          TEMPORAL_NAMESPACE: cluster.namespace,
          GATEHOUSE_TASK_QUEUE: queue,
          GATEHOUSE_DATA: await cluster.folder(name),
          GATEHOUSE_LOG_LEVEL: 'warn',
          BENCH_CACHED_RUNS: String(CACHED_RUNS),
          ...variables,
        },
        flags: profile && name === 'gatehouse' ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [],
      });
    const floor = await subject('floor', 'floor/worker.ts', FLOOR_QUEUE);
    const gatehouse = await subject('gatehouse', 'gatehouse/worker.ts', QUEUE);
    try {
      await Promise.all([floor.start(), gatehouse.start()]);
      const connection = await Connection.connect({ address: cluster.address });
      const client = new Client({ connection, namespace: cluster.namespace });
      return new Stage(cluster, client, floor, gatehouse, effects, logs, say, subject);
    } catch (failure) {
      await Promise.all([floor.kill(), gatehouse.kill()]);
      await cluster.remove();
      throw failure;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.gatehouse.stop(), this.floor.kill()]);
    await this.client.connection.close();
    await this.cluster.remove();
  }

  /** A name that is unique on this stage. */
  name = (kind: string): string => `${kind}-${(this.names += 1)}`;

  /** Starts a run of gatehouse, as its own client does. Returns its workflow id. */
  async startRun(task: string, { pipeline, policy = {} }: Input): Promise<string> {
    const workflowId = runIdOf('default', task);
    const change = { repository: 'acme/shop', base: 'main', branch: task };
    const input = { task: { id: task, title: 'Show totals with tax' }, change, pipeline, policy, startedBy: 'ana' };
    await this.client.workflow.start('pipelineRun', {
      workflowId,
      taskQueue: QUEUE,
      args: [input],
      staticSummary: `${task} Show totals with tax`,
    });
    return workflowId;
  }

  async startFloor(workflow: 'parked' | 'chain', name: string, args: unknown[] = []): Promise<string> {
    await this.client.workflow.start(workflow, { workflowId: name, taskQueue: FLOOR_QUEUE, args: [name, ...args] });
    return name;
  }

  /** The tasks of this many runs that wait for a person. The newest ones are in the memory of the worker. */
  async parked(count: number): Promise<readonly string[]> {
    await this.grow(this.parkedRuns, count, 'runs of gatehouse', async () => {
      const task = this.name('park');
      const parked = this.effects.next(`${task} human_test_ready`);
      await this.startRun(task, PARKING);
      await parked;
      return task;
    });
    return this.parkedRuns;
  }

  /** The tasks of this many runs that wait for an approval. They have no environment. */
  async proposed(count: number): Promise<readonly string[]> {
    await this.grow(this.proposedRuns, count, 'runs that wait for an approval', async () => {
      const task = this.name('proposed');
      const proposed = this.effects.next(`${task} ${PROPOSED}`);
      await this.startRun(task, { pipeline: { steps: [{ kind: 'architect', approval: true }, { kind: 'coder' }] } });
      await proposed;
      return task;
    });
    return this.proposedRuns;
  }

  /** The names of this many bare workflows that wait for an action. */
  async floorParked(count: number): Promise<readonly string[]> {
    await this.grow(this.parkedFloor, count, 'bare workflows', async () => {
      const name = this.name('floor');
      const parked = this.effects.next(`${name} parked`);
      await this.startFloor('parked', name);
      await parked;
      return name;
    });
    return this.parkedFloor;
  }

  private async grow(have: string[], count: number, what: string, one: () => Promise<string>): Promise<void> {
    let missing = count - have.length;
    if (missing > 50) this.say(`parking ${missing} ${what}`);
    const clock = setInterval(() => this.say(`${have.length} of ${count} ${what} are parked`), 15_000);
    const worker = async () => {
      for (; missing > 0;) {
        missing -= 1;
        have.push(await one());
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(AT_A_TIME, Math.max(missing, 0)) }, worker));
    } finally {
      clearInterval(clock);
    }
  }

  run = (task: string) => this.client.workflow.getHandle(runIdOf('default', task));
  bare = (name: string) => this.client.workflow.getHandle(name);
}
