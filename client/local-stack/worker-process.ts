import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
/** Longer than an orderly stop takes: 20 s for what it works on, and 20 s for what it runs (`CLOSE_MS`). */
const STOP_MS = 50_000;
const LONGEST_PAUSE_MS = 10_000;

/** The worker as a process of its own, which is started again when it dies. */
export class WorkerProcess {
  private child: ChildProcess | undefined;
  private stopping = false;
  /** What it could not end, in its own words. */
  private left: string[] = [];
  private served = false;

  constructor(
    private readonly options: { environment: NodeJS.ProcessEnv; data: string; say: (line: string) => void },
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Comes back once it takes work. */
  async start(): Promise<void> {
    const child = this.spawn();
    let ready = false;
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: { is: string; left?: string[] }) => {
        if (message.is === 'stopped') this.left = message.left ?? [];
        if (message.is !== 'ready') return;
        ready = this.served = true;
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (ready) void this.revive();
        else reject(new Error(`the worker ended (${signal ?? `exit ${code}`}); see ${this.log}`));
      });
    });
  }

  /** Ends it in order: no new work, jobs and checks interrupted, environments stopped. Throws what could not be ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    if (!child) return;
    if (child.exitCode !== null || child.signalCode !== null) {
      if (!this.served) return;
      throw new Error(`No worker was there to end what it ran: the next one goes on with it; see ${this.log}`);
    }
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const clock = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(clock);
    if (child.exitCode === 0) return;
    const how = child.signalCode ? `it did not within ${STOP_MS / 1_000} s` : `exit ${child.exitCode}`;
    const words =
      this.left.length > 0 ? this.left.join('\n') : `the worker did not stop in order: ${how}; see ${this.log}`;
    throw new Error(words);
  }

  private async revive(): Promise<void> {
    for (let wait = 500; !this.stopping; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      this.options.say('the worker ended; starting it again');
      await pause(wait);
      try {
        if (!this.stopping) await this.start();
        return;
      } catch (failure) {
        this.options.say((failure as Error).message);
      }
    }
  }

  /** In a group of its own, so that a Ctrl-C reaches it through us, in order. */
  private spawn(): ChildProcess {
    mkdirSync(path.dirname(this.log), { recursive: true });
    const log = openSync(this.log, 'a');
    try {
      this.child = fork(MAIN, {
        execArgv: ['--import', import.meta.resolve('tsx')],
        env: this.options.environment,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
      return this.child;
    } finally {
      closeSync(log);
    }
  }

  private get log(): string {
    return path.join(this.options.data, 'logs', 'worker.log');
  }
}
