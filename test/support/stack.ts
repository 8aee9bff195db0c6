import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { readConfig } from '../../client/config.ts';
import { connect } from '../../client/connection.ts';
import { Runs } from '../../client/runs.ts';
import { bringBundle } from './bundles.ts';
import { Commands } from './commands.ts';
import { removeFolder } from './folders.ts';
import { freePort } from './ports.ts';
import { program } from './programs.ts';
import type { TestRepository } from './repository.ts';
import { until } from './until.ts';

export const cli = fileURLToPath(new URL('../../client/cli/gatehouse.mjs', import.meta.url));
const worker = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
/** How the worker of `gatehouse up` appears in the process list: as a bundled build. */
const WORKER = '/worker.js';

/** Commands that ask or act, and leave nothing behind in their process. */
const QUICK = new Set(['confirm', 'doctor', 'export', 'inbox', 'log', 'request-fix', 'retry', 'show', 'start', 'stop']);

interface Reported {
  code: number;
  out: any;
  err: string;
}

/** A separate local stack: `gatehouse up` as a person starts it, with its own data and ports. */
export class TestStack {
  private up: ChildProcess | undefined;
  private client: Client | undefined;
  private readonly commands = new Commands();
  private said = '';

  private constructor(
    readonly home: string,
    readonly port: number,
    readonly uiPort: number,
    /** Additional variables. Changes take effect at the next start. */
    readonly variables: Record<string, string>,
  ) {}

  static async create(variables: Record<string, string> = {}): Promise<TestStack> {
    const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-e2e-'));
    const [port, uiPort] = [await freePort(), await freePort()];
    await bringBundle(path.join(home, 'data'));
    return new TestStack(home, port, uiPort, variables);
  }

  static async started(variables?: Record<string, string>): Promise<TestStack> {
    const stack = await TestStack.create(variables);
    await stack.start();
    return stack;
  }

  get environment(): NodeJS.ProcessEnv {
    const { home, port, uiPort } = this;
    return {
      ...process.env,
      // Jest forces colours in its workers on a terminal, and picocolors enables them under CI.
      FORCE_COLOR: undefined,
      NO_COLOR: '1',
      NODE_OPTIONS: '',
      TEMPORAL_ADDRESS: '',
      GATEHOUSE_DATA: path.join(home, 'data'),
      GATEHOUSE_PORT: String(port),
      GATEHOUSE_UI_PORT: String(uiPort),
      ...this.variables,
    };
  }

  async start(): Promise<void> {
    this.said = '';
    const up = spawn(process.execPath, [cli, 'up'], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.up = up;
    for (const stream of [up.stdout, up.stderr]) stream.on('data', (data) => (this.said += String(data)));
    await new Promise<void>((resolve, reject) => {
      up.stdout.on('data', () => this.said.includes('gatehouse is up') && resolve());
      up.once('exit', (code) => reject(new Error(`up ended with ${code}: ${this.said}`)));
    });
  }

  /** Sends one Ctrl-C. Returns the exit code. */
  stop = (): Promise<number | null> => this.endedBy((up) => void up.kill('SIGINT'));

  /** Sends SIGHUP to the main process, which passes it on to its worker. */
  hangUp = (): void => void this.up?.kill('SIGHUP');

  /** Stops the main process by other means. Returns the exit code. */
  async endedBy(means: (up: ChildProcess) => void | Promise<void>): Promise<number | null> {
    const { up } = this;
    await this.client?.connection.close();
    this.client = undefined;
    this.commands.end();
    if (!up || up.exitCode !== null || up.signalCode !== null) return up?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => up.once('exit', resolve));
    await means(up);
    return ended;
  }

  /** The output of the main process so far. */
  get words(): string {
    return this.said;
  }

  /** The pids of all processes of this stack: those whose arguments or environment name its data folder. */
  async all(): Promise<number[]> {
    const { stdout } = await program('ps', ['axeww', '-o', 'pid=,args=']);
    const lines = stdout.split('\n').filter((line) => line.includes(path.join(this.home, 'data')));
    return lines.map((line) => Number.parseInt(line, 10));
  }

  /** Kills the main process, and waits until its worker is gone. Server, agents and previews keep running. */
  async kill(): Promise<void> {
    const worker = await this.workerPid();
    this.up!.kill('SIGKILL');
    await until('no worker', async () => !(await this.processes(WORKER)).includes(worker));
  }

  async remove(): Promise<void> {
    await this.stop();
    await removeFolder(this.home);
  }

  /** Runs a command of gatehouse with --json. Quick ones run in one process, one after another. */
  async gatehouse(...args: string[]): Promise<Reported> {
    if (!QUICK.has(args[0]!)) return this.command(...args);
    const argv = [process.execPath, cli, ...args, '--json'];
    const { code, stdout, stderr } = await this.commands.run(argv, this.environment);
    return { code, out: stdout ? JSON.parse(stdout) : undefined, err: stderr };
  }

  /** Runs a command of gatehouse with --json in a process of its own, as a person or program does. */
  async command(...args: string[]): Promise<Reported> {
    const options = { env: this.environment, reject: false };
    const { exitCode, stdout, stderr } = await program(process.execPath, [cli, ...args, '--json'], options);
    return { code: exitCode ?? -1, out: stdout ? JSON.parse(stdout) : undefined, err: stderr };
  }

  /** Starts a run in the repository, as a person would. */
  startRun = (task: string, { path }: TestRepository, pipeline = 'human-review') =>
    this.gatehouse('start', path, '--task', task, '--title', 'A task', '--pipeline', pipeline, '--started-by', 'ana');

  /** Runs the `temporal` command against this stack. */
  async temporal(...args: string[]): Promise<string> {
    const [, cli = 'temporal'] = /^temporal: (.+)$/m.exec(this.said) ?? [];
    const { stdout } = await program(cli, [...args, '--address', `127.0.0.1:${this.port}`]);
    return stdout;
  }

  /** The pids of processes whose command line contains this text. */
  async processes(naming: string): Promise<number[]> {
    const { stdout } = await program('ps', ['-eo', 'pid=,args='], {});
    return stdout
      .split('\n')
      .filter((line) => line.includes(naming))
      .map((line) => Number.parseInt(line, 10));
  }

  async workerPid(): Promise<number> {
    return until('a worker', async () => {
      const { stdout } = await program('ps', ['-eo', 'pid=,ppid=,args=']);
      const line = stdout.split('\n').find((each) => each.includes(WORKER) && each.includes(` ${this.up!.pid} `));
      return line ? Number.parseInt(line, 10) : undefined;
    });
  }

  /** Starts another worker on this stack's server and data, as if on a shared disk. Resolves once it serves. */
  async anotherWorker(over: Record<string, string> = {}): Promise<ChildProcess> {
    const server = { TEMPORAL_ADDRESS: `127.0.0.1:${this.port}`, GATEHOUSE_LOOK_SECONDS: '2' };
    const env = { ...this.environment, ...server, ...over };
    const execArgv = ['--import', import.meta.resolve('tsx')];
    const another = fork(worker, { execArgv, env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await new Promise<void>((resolve, reject) => {
      another.once('message', () => resolve());
      another.once('exit', (code) => reject(new Error(`The other worker ended with ${code}`)));
    });
    return another;
  }

  async killWorker(): Promise<void> {
    process.kill(await this.workerPid(), 'SIGKILL');
  }

  /** A client in this process, because tests poll often. */
  private async asking(): Promise<Client> {
    return (this.client ??= await connect(readConfig(this.environment)));
  }

  /** The server's description of a workflow. */
  describe = async (workflowId: string) => (await (await this.asking()).workflow.getHandle(workflowId).describe()).raw;

  /** The run as `show` returns it, with its end. Undefined while nobody answers. */
  async run(task: string): Promise<any> {
    const workflowId = `run/default/${task}`;
    try {
      const runs = new Runs(await this.asking(), 'gatehouse');
      return { ...(await runs.run(workflowId)), end: await runs.ended(workflowId) };
    } catch {
      return undefined;
    }
  }

  /** What the server knows of a run, without asking its worker. Undefined while nobody answers. */
  private async known(task: string): Promise<{ isLive: boolean; status: unknown } | undefined> {
    try {
      const described = await (await this.asking()).workflow.getHandle(`run/default/${task}`).describe();
      const [status] = described.searchAttributes['GatehouseStatus'] ?? [];
      return { isLive: described.status.name === 'RUNNING', status };
    } catch {
      return undefined;
    }
  }

  parked = (task: string, kind: string): Promise<any> =>
    until(`${task} parked at ${kind}`, async () => {
      const known = await this.known(task);
      if (!known || (known.isLive && known.status !== 'parked')) return undefined;
      const run = await this.run(task);
      if (run?.end && run.end.is !== 'live') throw new Error(`${task} ended: ${JSON.stringify(run.end)}`);
      return run?.status === 'parked' && run.current?.kind === kind ? run : undefined;
    });

  ended = (task: string): Promise<any> =>
    until(`${task} ended`, async () => {
      if ((await this.known(task))?.isLive !== false) return undefined;
      const run = await this.run(task);
      return run?.end && run.end.is !== 'live' ? run : undefined;
    });
}
