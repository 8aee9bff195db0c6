import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Fault } from './plan/faults.ts';
import type { Said } from './worker/faults.ts';

const MAIN = fileURLToPath(new URL('./worker/main.ts', import.meta.url));
const LATE_MS = 20_000;

export interface LaneOptions {
  name: string;
  /** Its task queue, if it shares one. Default: a queue with the name of the lane. */
  queue?: string;
  /** The address of the server for the workers of this lane. */
  address: string;
  folder: string;
  codePath: string;
  /** The port of the world. If undefined, the workers use the production adapters on this machine. */
  worldPort?: number | undefined;
  /** Reports the pids of workers to a process that outlives this one, because a worker may be left frozen. */
  guard: (reported: { guard?: number; free?: number }) => void;
  env?: NodeJS.ProcessEnv;
}

/** A task queue with one worker, which is restarted as soon as it dies. */
export class Lane {
  private child: ChildProcess | undefined;
  private frozen: ChildProcess | undefined;
  private fault: Fault | undefined;
  private ending = false;
  private readonly heard = new Set<(said: Said) => void>();
  private ready: Promise<void> = Promise.resolve();
  private armed: (knows: boolean) => void = () => undefined;
  /** The number of times that a worker of this lane was started. */
  starts = 0;
  struckAt: number | undefined;
  /** The time at which its last worker began to accept work. */
  readyAt = 0;

  constructor(private readonly options: LaneOptions) {}

  get queue(): string {
    return this.options.queue ?? this.options.name;
  }
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Returns once the worker accepts work. */
  start(): Promise<void> {
    const { name, folder, codePath, worldPort, address, guard, env } = this.options;
    this.starts += 1;
    const log = openSync(path.join(folder, `${name}.log`), 'a');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--no-warnings', MAIN, codePath, String(worldPort ?? '')],
      {
        stdio: ['ignore', 'pipe', log, 'ipc'],
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          TEMPORAL_ADDRESS: address,
          GATEHOUSE_TASK_QUEUE: this.queue,
          GATEHOUSE_DATA: path.join(folder, name),
          GATEHOUSE_LOOK_SECONDS: '0.5',
          GATEHOUSE_CALL_SECONDS: '5',
          GATEHOUSE_BUDGET_CENTS: '1000000000',
          GATEHOUSE_LOG_LEVEL: 'warn',
          ...env,
        },
      },
    );
    closeSync(log);
    this.child = child;
    if (child.pid) guard({ guard: child.pid });
    createInterface({ input: child.stdout! }).on('line', (line) => this.hear(JSON.parse(line) as Said));
    this.ready = new Promise((resolve) => {
      const begun = () => {
        this.readyAt = Date.now();
        resolve();
      };
      child.on('message', ({ is }: { is?: string }) => (is === 'ready' ? begun() : this.armed(true)));
      child.once('exit', () => {
        this.armed(false);
        if (child.pid) guard({ free: child.pid });
        resolve();
        if (this.child === child && !this.ending) void this.start();
      });
    });
    return this.ready;
  }

  /** Arms the worker with a fault, or disarms it. Returns once the worker has confirmed that. */
  async arm(fault: Fault | undefined): Promise<void> {
    this.fault = fault;
    this.struckAt = undefined;
    for (;;) {
      await this.ready;
      const { child } = this;
      if (!child?.connected) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      const reported = new Promise<boolean>((resolve) => (this.armed = resolve));
      child.send({ arm: fault ?? null });
      if (await reported) return;
    }
  }

  /** Continues a frozen worker, waits until it has made its late call, and kills it. */
  async thaw(): Promise<void> {
    const { frozen } = this;
    if (!frozen) return;
    this.frozen = undefined;
    const made = this.said((said) => 'fault' in said && said.fault === 'late', LATE_MS);
    frozen.kill('SIGCONT');
    await made;
    frozen.kill('SIGKILL');
  }

  /** The number of workflow tasks of this task that the worker has answered. */
  async tasksOf(task: string): Promise<number> {
    const reported = this.said((said) => 'tasks' in said, 10_000);
    this.child?.send({ tasksOf: task });
    const said = await reported;
    return said && 'tasks' in said ? said.tasks : 0;
  }

  /** The distinct git calls and file writes of the worker since it was armed, in order. */
  async sites(): Promise<string[]> {
    const reported = this.said((said) => 'sites' in said, 10_000);
    this.child?.send({ sites: true });
    const said = await reported;
    return said && 'sites' in said ? said.sites : [];
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }
  resume(): void {
    this.child?.kill('SIGCONT');
  }

  /** Kills the worker, as the armed fault. */
  strike(): void {
    this.struckAt = Date.now();
    this.kill();
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async end(): Promise<void> {
    this.ending = true;
    const left = [this.child, this.frozen].filter((child) => child && child.exitCode === null && !child.signalCode);
    await Promise.all(
      left.map(async (child) => {
        const gone = new Promise((resolve) => child!.once('exit', resolve));
        child!.kill('SIGKILL');
        await gone;
      }),
    );
  }

  private hear(said: Said): void {
    if ('fault' in said && said.fault === 'struck') {
      this.struckAt = Date.now();
      if (this.fault?.kind === 'call' && this.fault.window === 'late') {
        this.frozen = this.child;
        void this.start();
      }
    }
    for (const each of this.heard) each(said);
  }

  private said(wanted: (said: Said) => boolean, timeoutMs: number): Promise<Said | undefined> {
    return new Promise((resolve) => {
      const done = (said: Said | undefined) => {
        this.heard.delete(listen);
        clearTimeout(clock);
        resolve(said);
      };
      const listen = (said: Said) => void (wanted(said) && done(said));
      const clock = setTimeout(() => done(undefined), timeoutMs);
      this.heard.add(listen);
    });
  }
}
