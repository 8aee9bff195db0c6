import { fork, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Client } from '@temporalio/client';
import getPort from 'get-port';
import { readConfig } from '../../client/config.ts';
import { connect } from '../../client/connection.ts';
import { Runs } from '../../client/runs.ts';
import { bringBundle } from './bundles.ts';
import { removeFolder } from './folders.ts';
import { until } from './until.ts';

export const cli = fileURLToPath(new URL('../../client/cli/gatehouse.mjs', import.meta.url));
const worker = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
/** How the worker of `gatehouse up` appears in the process list: as a bundled build. */
const WORKER = '/worker.js';

/** A separate local stack: `gatehouse up` as a person starts it, with its own data and ports. */
export class TestStack {
  private up: ChildProcess | undefined;
  private client: Client | undefined;
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
    const [port, uiPort] = [await getPort({ host: '127.0.0.1' }), await getPort({ host: '127.0.0.1' })];
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
    const { stdout } = await execa('ps', ['axeww', '-o', 'pid=,args=']);
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

  /** Runs a command of gatehouse with --json. */
  async gatehouse(...args: string[]): Promise<{ code: number; out: any; err: string }> {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [cli, ...args, '--json'], {
      env: this.environment,
      reject: false,
      stdin: 'ignore',
    });
    return { code: exitCode ?? -1, out: stdout ? JSON.parse(stdout) : undefined, err: stderr };
  }

  /** Starts a run in the repository, as a person would. */
  startRun = (task: string, { path }: TestRepository, pipeline = 'human-review') =>
    this.gatehouse('start', path, '--task', task, '--title', 'A task', '--pipeline', pipeline, '--started-by', 'ana');

  /** Runs the `temporal` command against this stack. */
  async temporal(...args: string[]): Promise<string> {
    const [, program = 'temporal'] = /^temporal: (.+)$/m.exec(this.said) ?? [];
    const { stdout } = await execa(program, [...args, '--address', `127.0.0.1:${this.port}`]);
    return stdout;
  }

  /** The pids of processes whose command line contains this text. */
  async processes(naming: string): Promise<number[]> {
    const { stdout } = await execa('ps', ['-eo', 'pid=,args='], {});
    return stdout
      .split('\n')
      .filter((line) => line.includes(naming))
      .map((line) => Number.parseInt(line, 10));
  }

  async workerPid(): Promise<number> {
    return until('a worker', async () => {
      const { stdout } = await execa('ps', ['-eo', 'pid=,ppid=,args=']);
      const line = stdout.split('\n').find((each) => each.includes(WORKER) && each.includes(` ${this.up!.pid} `));
      return line ? Number.parseInt(line, 10) : undefined;
    });
  }

  /** Starts another worker on this stack's server and data, as if on a shared disk. Resolves once it serves. */
  async anotherWorker(): Promise<ChildProcess> {
    const env = { ...this.environment, TEMPORAL_ADDRESS: `127.0.0.1:${this.port}`, GATEHOUSE_LOOK_SECONDS: '2' };
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

  parked = (task: string, kind: string): Promise<any> =>
    until(`${task} parked at ${kind}`, async () => {
      const run = await this.run(task);
      if (run?.end && run.end.is !== 'live') throw new Error(`${task} ended: ${JSON.stringify(run.end)}`);
      return run?.status === 'parked' && run.current?.kind === kind ? run : undefined;
    });

  ended = (task: string): Promise<any> =>
    until(`${task} ended`, async () => {
      const run = await this.run(task);
      return run?.end && run.end.is !== 'live' ? run : undefined;
    });
}

const AGENT = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const home = process.argv[2];
const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const note = (line) => appendFileSync(home + '/ledger', line + '\\n');
note('begins ' + job.key);
while (existsSync(home + '/hold-' + job.role)) await new Promise((resolve) => setTimeout(resolve, 20));
const outputs = {
  reviewer: { rating: 0.9, summary: 'fine' },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'small' },
};
if (job.role === 'coder') writeFileSync('made-by-coder.txt', job.task.id + '\\n');
if (job.role === 'fixer') writeFileSync('made-by-fixer.txt', job.brief + '\\n');
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: job.role + ' is done', output: outputs[job.role] }));
note('ends ' + job.key);
`;

const SERVER = `
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
const home = process.argv[2];
createServer((request, response) => {
  response.statusCode = request.url === '/healthz' && existsSync(home + '/hold-environment') ? 503 : 200;
  response.end('the change');
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** A repository whose agents, check and server can be held. They record every job in a ledger, outside of gatehouse. */
export class TestRepository {
  private constructor(
    readonly path: string,
    readonly home: string,
  ) {}

  static async create(home: string, name: string, settings = ''): Promise<TestRepository> {
    const folder = path.join(home, name);
    const own = path.join(home, `${name}-ledger`);
    await mkdir(folder, { recursive: true });
    await mkdir(own, { recursive: true });
    await writeFile(path.join(own, 'ledger'), '');
    const repository = new TestRepository(folder, own);
    await execa('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: folder });
    await repository.write({
      '.gatehouse.yml':
        settings ||
        [
          `checks:`,
          `  test: 'echo begins check >> ${own}/ledger; while [ -e ${own}/hold-check ]; do sleep 0.02; done; echo ends check >> ${own}/ledger'`,
          `environment: { start: 'exec node server.mjs ${own}', ready: /healthz }`,
          `agents: { default: 'node agent.mjs ${own}' }`,
          '',
        ].join('\n'),
      'agent.mjs': AGENT,
      'server.mjs': SERVER,
    });
    return repository;
  }

  async write(files: Record<string, string>, message = 'a commit'): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(this.path, name), text);
    const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', '-c', 'commit.gpgsign=false'];
    await execa('git', ['add', '--all'], { cwd: this.path });
    await execa('git', [...as, 'commit', '--quiet', '--message', message], { cwd: this.path });
  }

  async git(...args: string[]): Promise<string> {
    return (await execa('git', args, { cwd: this.path })).stdout;
  }

  hold = (what: string) => appendFile(path.join(this.home, `hold-${what}`), '');
  letGo = (what: string) => rm(path.join(this.home, `hold-${what}`), { force: true });
  isHeld = (what: string) => existsSync(path.join(this.home, `hold-${what}`));
  ledger = async () => (await readFile(path.join(this.home, 'ledger'), 'utf8')).split('\n').filter(Boolean);
  noted = (line: string) =>
    until(`"${line}" in the ledger`, async () => (await this.ledger()).find((each) => each.startsWith(line)));
}
