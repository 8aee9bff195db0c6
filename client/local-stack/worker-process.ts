import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileOf, isBuilt } from '../../worker/configuration/package-files.ts';

export const WORKER = fileOf('worker/main.ts', 'worker.js');
/** Node's flags for the worker: a loader for the sources, or the source maps of a build. */
export const WORKER_FLAGS = isBuilt ? ['--enable-source-maps'] : ['--import', import.meta.resolve('tsx')];
/**
 * Longer than an orderly stop takes after the worker has drained: 20 s for its activities, and 20 s for its processes
 * (`CLOSE_MS`).
 */
const STOP_MS = 50_000;
const LONGEST_PAUSE_MS = 10_000;

/** Runs the worker in a separate process, and restarts it when it dies. */
export class WorkerProcess {
  private child: ChildProcess | undefined;
  /** Resolves when the process has ended and all its messages have been received. */
  private gone: Promise<unknown> = Promise.resolve();
  private stopping = false;
  /** What the last worker could not stop, as it reported. Undefined until it has stopped cleanly. */
  private left: string[] | undefined = [];

  constructor(
    private readonly options: {
      environment: NodeJS.ProcessEnv;
      data: string;
      drainSeconds: number;
      say: (line: string) => void;
    },
  ) {}

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the worker, and resolves when it takes work. */
  async start(): Promise<void> {
    const child = this.spawn();
    let ready = false;
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: { is: string; left?: string[] }) => {
        if (message.is === 'stopped') this.left = message.left ?? [];
        if (message.is !== 'ready') return;
        ready = true;
        this.left = undefined;
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (ready) void this.revive();
        else reject(new Error(`the worker ended (${signal ?? `exit ${code}`}); see ${this.log}`));
      });
    });
  }

  /** Has the worker read its configuration file again. A worker that is still starting reads it anyway. */
  reload(): void {
    if (this.left === undefined) this.child?.kill('SIGHUP');
  }

  /**
   * Stops the worker cleanly: it takes no new work, interrupts jobs and checks, and stops environments. It may already
   * have ended, if a signal went to all processes at once. Throws an error that names what could not be stopped.
   */
  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this;
    child?.kill('SIGTERM');
    const clock = setTimeout(() => child?.kill('SIGKILL'), this.options.drainSeconds * 1_000 + STOP_MS);
    await this.gone;
    clearTimeout(clock);
    if (!this.left) {
      const how = child?.signalCode ?? `exit ${child?.exitCode}`;
      throw new Error(
        `the worker did not stop cleanly (${how}). The next worker continues what it was running. See ${this.log}`,
      );
    }
    if (this.left.length > 0) throw new Error(this.left.join('\n'));
  }

  private async revive(): Promise<void> {
    for (let wait = 500; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      await pause(wait);
      if (this.stopping) return;
      this.options.say('the worker ended; starting it again');
      try {
        return await this.start();
      } catch (failure) {
        this.options.say((failure as Error).message);
      }
    }
  }

  /** The process has its own group, so that a Ctrl-C reaches only us, and we stop the worker cleanly. */
  private spawn(): ChildProcess {
    mkdirSync(path.dirname(this.log), { recursive: true });
    const log = openSync(this.log, 'a');
    try {
      this.child = fork(WORKER, {
        execArgv: WORKER_FLAGS,
        env: this.options.environment,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
      this.gone = once(this.child, 'close').catch(() => undefined); // the process could not be started
      return this.child;
    } finally {
      closeSync(log);
    }
  }

  private get log(): string {
    return path.join(this.options.data, 'logs', 'worker.log');
  }
}
