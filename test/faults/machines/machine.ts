import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Network } from './network.ts';

const WORKER = fileURLToPath(new URL('../../../worker/main.ts', import.meta.url));
/** The first process of a machine. It takes in what its workers leave behind, and does nothing else. */
const INIT = 'hostname "$0"; while :; do sleep 1000000 & wait; done';

export interface MachineOptions {
  name: string;
  /** Where the log of its workers is written. */
  folder: string;
  /** The network of the machine. If undefined, it shares that of this process. */
  network: Network | undefined;
  env: NodeJS.ProcessEnv;
  /** Reports the pids of its processes to somebody who outlives this process. */
  guard: (reported: { guard?: number; free?: number }) => void;
}

/**
 * A machine with one worker: namespaces of Linux for its processes, its name and, if it has one, its network. Files are those of
 * this machine, as on a shared disk. Needs root.
 */
export class Machine {
  private holder: ChildProcess | undefined;
  private init = 0;
  private worker: ChildProcess | undefined;
  /** The number of workers that it has started. */
  starts = 0;

  constructor(readonly options: MachineOptions) {}

  get name(): string {
    return this.options.name;
  }

  /** Whether its worker has ended. */
  get isOver(): boolean {
    return !this.worker || this.worker.exitCode !== null || this.worker.signalCode !== null;
  }

  /** Starts the machine, without a worker. */
  async boot(): Promise<void> {
    const { name, network, guard } = this.options;
    const within = network ? ['ip', 'netns', 'exec', network.name] : [];
    const isolated = ['unshare', '--pid', '--mount-proc', '--mount', '--uts', '--fork', '--kill-child'];
    const [command, ...args] = [...within, ...isolated, 'sh', '-c', INIT, name];
    const holder = spawn(command!, args, { stdio: 'ignore' });
    this.holder = holder;
    guard({ guard: holder.pid! });
    holder.once('exit', () => guard({ free: holder.pid! }));
    this.init = await eventually(() => childOf(holder.pid!));
  }

  /** Starts a worker. Returns once it takes work, or has ended. */
  async start(): Promise<void> {
    const { name, folder, env, network } = this.options;
    const log = openSync(path.join(folder, `${name}.log`), 'a');
    const spaces = ['--pid', '--mount', '--uts', ...(network ? ['--net'] : [])];
    const node = [process.execPath, '--import', import.meta.resolve('tsx'), '--no-warnings', WORKER];
    const worker = spawn('nsenter', ['--target', String(this.init), ...spaces, '--', ...node], {
      stdio: ['ignore', 'ignore', log, 'ipc'],
      env,
    });
    closeSync(log);
    this.worker = worker;
    this.starts += 1;
    await new Promise<void>((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
  }

  /** Sends a signal to the worker alone. What it runs goes on. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const { worker } = this;
    if (!worker?.pid || this.isOver) return;
    const pid = await childOf(worker.pid);
    if (pid) process.kill(pid, name);
    if (name !== 'SIGSTOP') worker.kill('SIGCONT'); // `nsenter` stops itself with the worker, and continues it
  }

  /** Ends the worker. Returns its exit code, or undefined if it was killed. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | undefined> {
    const { worker } = this;
    if (!worker || this.isOver) return worker?.exitCode ?? undefined;
    const gone = new Promise<number | null>((resolve) => worker.once('exit', resolve));
    await this.signal(signal);
    return (await gone) ?? undefined;
  }

  /** The power fails: every process of the machine is gone at once. */
  async crash(): Promise<void> {
    const { holder } = this;
    if (!holder || holder.exitCode !== null || holder.signalCode !== null) return;
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    if (this.init) process.kill(this.init, 'SIGKILL');
    else holder.kill('SIGKILL');
    await gone;
  }

  /** The command lines of all that runs on the machine, besides its first process. */
  async processes(): Promise<string[]> {
    const lines: string[] = [];
    for (const pid of await descendantsOf(this.init)) {
      const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
      if (line !== '' && line !== 'sleep 1000000') lines.push(line.slice(0, 200));
    }
    return lines;
  }

  async remove(): Promise<void> {
    await this.crash();
    await this.options.network?.remove();
  }
}

/** The pids of all children of a process. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

const childOf = async (pid: number): Promise<number | undefined> => (await childrenOf(pid))[0];

async function descendantsOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()];
}

async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
