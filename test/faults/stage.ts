import { fork, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { connect } from '../../client/connection.ts';
import { makeSampleRepository } from '../../client/local-stack/sample.ts';
import { dataConverter } from '../../worker/bundle.ts';
import { bundling } from '../../worker/configuration/bundling.ts';
import { Cluster } from '../support/cluster/cluster.ts';
import type { Line } from './judge/invariants.ts';
import { Lane, type LaneOptions } from './lane.ts';
import type { Asked, WorldScript } from './world/script.ts';
import { callOver } from './world/wire.ts';

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The setup of every test: a server with PostgreSQL, the world, and lanes of workers. */
export class Stage {
  private readonly lanes: Lane[] = [];
  private numbers = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly client: Client,
    /** The folder for files of this run of the command that are worth keeping. */
    readonly folder: string,
    readonly say: (line: string) => void,
    private readonly world: { child: ChildProcess; port: number },
    private readonly codePath: string,
  ) {}

  static async open(say: (line: string) => void, folder: string): Promise<Stage> {
    await mkdir(folder, { recursive: true });
    const cluster = await Cluster.start(say);
    try {
      const home = await cluster.folder('faults');
      const { address, namespace } = cluster;
      const client = await connect({ connection: { address }, namespace, address });
      const [world, codePath] = await Promise.all([openWorld(folder), bundle(home)]);
      return new Stage(cluster, client, folder, say, world, codePath);
    } catch (failure) {
      await cluster.remove();
      throw failure;
    }
  }

  /** Reports pids that the world kills if this process is killed. */
  readonly guard = (reported: { guard?: number; free?: number }): void =>
    void (this.world.child.connected && this.world.child.send(reported));

  /** Creates a lane, and starts its worker. */
  async lane(name: string, over: Partial<LaneOptions> = {}): Promise<Lane> {
    const { folder, codePath, world, cluster, guard } = this;
    const options = { name, folder, codePath, guard, worldPort: world.port, address: cluster.address, ...over };
    const lane = new Lane(options);
    this.lanes.push(lane);
    await lane.start();
    return lane;
  }

  /** Creates a task with a unique name, and a repository for it in the world. */
  async newTask(script: WorldScript = {}): Promise<{ task: string; repository: string }> {
    const task = this.nextTask();
    const repository = `world:${task}`;
    await callOver(this.world.port)({ port: 'world', method: 'open', args: [repository, script] });
    return { task, repository };
  }

  /**
   * Creates a lane that works on this machine. Its data is in the folder of the cluster, and its effects are in the same
   * ledger.
   */
  async localLane(name: string): Promise<Lane> {
    const folder = await this.cluster.folder('local');
    const env = {
      GATEHOUSE_DATA: path.join(folder, name),
      GATEHOUSE_LEDGER: this.ledgerFile,
      GATEHOUSE_CALL_SECONDS: '15', // Git is slow here.
      SAMPLE_PACE_MS: '0',
    };
    return this.lane(name, { worldPort: undefined, env });
  }

  /** Creates a task with a repository on this machine. Default: a copy of the sample. */
  async newLocalTask(make = makeSampleRepository): Promise<{ task: string; repository: string }> {
    const task = this.nextTask();
    const repository = path.join(await this.cluster.folder('repositories'), task);
    await make(repository);
    return { task, repository };
  }

  /** Waits until the ledger has this many lines of this effect for this task. Returns false if aborted. */
  async untilEffect(task: string, effect: string, nth: number, over: AbortSignal): Promise<boolean> {
    const word = new RegExp(`"effect":"${effect}"[^\\n]*\\b${task}\\b`, 'g');
    while (!over.aborted) {
      if (((await readFile(this.ledgerFile, 'utf8')).match(word) ?? []).length >= nth) return true;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    return false;
  }

  /** The effects of these tasks. */
  async ledgerOf(...tasks: string[]): Promise<Map<string, Line[]>> {
    const found = new Map(tasks.map((task) => [task, [] as Line[]]));
    for (const line of await linesOf<Line>(this.ledgerFile)) {
      const task = /\bT\d{6}\b/.exec(line.key)?.[0];
      if (task) found.get(task)?.push(line);
    }
    return found;
  }

  /** The briefs of all jobs. */
  asked = (): Promise<Asked[]> => linesOf<Asked>(path.join(this.folder, 'journal.jsonl'));

  private nextTask(): string {
    this.numbers += 1;
    return `T${String(this.numbers).padStart(6, '0')}`;
  }

  get ledgerFile(): string {
    return path.join(this.folder, 'ledger.jsonl');
  }

  /** Keeps the logs of the cluster. */
  async keepLogs(): Promise<void> {
    for (const name of ['temporal.log', 'postgres.log']) {
      await copyFile(path.join(this.cluster.home, name), path.join(this.folder, name)).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.end()));
    if (this.world.child.connected) this.world.child.disconnect();
    await this.keepLogs();
    await this.cluster.remove();
  }
}

async function openWorld(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const files = ['ledger.jsonl', 'journal.jsonl'].map((name) => path.join(folder, name));
  for (const file of files) await writeFile(file, '');
  const child = fork(at('./world/main.ts'), files, { execArgv: ['--import', 'tsx', '--no-warnings'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (reported) => resolve((reported as { port: number }).port));
    child.once('exit', () => reject(new Error('The world ended before it was ready.')));
  });
  return { child, port };
}

/**
 * Bundles the workflow code with the interceptors of the test. They change no command, so the histories replay without
 * them.
 */
async function bundle(home: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    ...bundling(),
    workflowInterceptorModules: [at('./worker/interceptors.ts')],
    logger: new DefaultLogger('ERROR'),
    ...dataConverter,
  });
  const codePath = path.join(home, 'watched.cjs');
  await writeFile(codePath, code);
  return codePath;
}

async function linesOf<T>(file: string): Promise<T[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
