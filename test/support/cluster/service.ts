import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { end, recordOf } from '../../../client/local-stack/processes.ts';

export interface ServiceOptions {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** The file for its output. Its pid is recorded next to it. */
  log: string;
  owner?: { uid: number; gid: number } | undefined;
}

/**
 * A program that can be stopped, killed and restarted. With its pid on record, a later process can stop it if this one
 * is killed.
 */
export class Service {
  private child: ChildProcess | undefined;

  constructor(private readonly options: ServiceOptions) {}

  get pid(): number | undefined {
    return this.lives ? this.child?.pid : undefined;
  }

  get lives(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  async launch(): Promise<void> {
    const { command, args, env, cwd, log, owner } = this.options;
    const output = openSync(log, 'a');
    // A process group of its own, so that Ctrl-C reaches this process first, and the service last.
    this.child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', output, output], ...owner });
    closeSync(output);
    this.child.once('error', () => undefined);
    if (this.child.pid) await writeFile(`${log}.pid`, await recordOf(this.child.pid));
  }

  /** Waits until it answers. Throws if it ends instead, or takes longer than timeoutMs milliseconds. */
  async ready(answers: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    for (const until = Date.now() + timeoutMs; Date.now() < until;) {
      if (!this.lives) throw new Error(`${this.options.name} ended at once: see ${this.options.log}`);
      if (await answers().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${this.options.name} does not answer: see ${this.options.log}`);
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || !this.lives) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    if (this.child?.pid && this.lives) await end(this.child.pid, 20_000);
  }
}
