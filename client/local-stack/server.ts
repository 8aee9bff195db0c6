import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import getPort from 'get-port';
import { SEARCH_ATTRIBUTES } from '../../workflows/contracts/search-attributes.ts';
import { Told } from '../errors.ts';
import { isRunning } from './locking.ts';

const START_MS = 60_000;
const STOP_MS = 20_000;
const RESTART_MS = 1_000;

/** The development server reads each queue 20 times a second unless told otherwise: its biggest lever (server.md 2). */
const TUNING = ['transferProcessor', 'timerProcessor', 'visibilityProcessor', 'outboundProcessor'].flatMap((queue) => [
  '--dynamic-config-value',
  `history.${queue}MaxPollRPS=2000`,
]);

export class PortTaken extends Told {
  readonly code = 'port_taken';
}

export interface ServerOptions {
  temporal: string;
  port: number;
  uiPort: number;
  namespace: string;
  data: string;
  say: (line: string) => void;
}

/** A development server of our own, with its database in the data folder: runs survive its restart. */
export class LocalServer {
  private child: ChildProcess | undefined;
  private stopping = false;

  constructor(private readonly options: ServerOptions) {}

  async start(): Promise<void> {
    await this.endLeftover();
    const { port, uiPort } = this.options;
    await this.free(port, 'GATEHOUSE_PORT');
    await this.free(uiPort, 'GATEHOUSE_UI_PORT');
    await this.launch();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.child?.pid) await ended(this.child.pid);
    await rm(this.record, { force: true });
  }

  private async launch(): Promise<void> {
    const { temporal, port, uiPort, namespace, data } = this.options;
    mkdirSync(path.join(data, 'logs'), { recursive: true });
    const log = openSync(path.join(data, 'logs', 'temporal.log'), 'a');
    const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${type}`,
    ]);
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
    const kept = ['--namespace', namespace, '--db-filename', path.join(data, 'temporal.db'), '--log-level', 'error'];
    // A group of its own: a Ctrl-C in the terminal must reach us first, and it last.
    const child = spawn(temporal, [...args, ...kept, ...TUNING, ...attributes], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    const died = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`the Temporal server ended at once (exit ${code}); see ${data}/logs/temporal.log`)),
      );
    });
    died.catch(() => undefined);
    if (child.pid) await writeFile(this.record, String(child.pid));
    await Promise.race([this.healthy(), died]);
    child.removeAllListeners('exit');
    child.once('exit', () => void this.revive());
  }

  /** A server that was killed under us is started again: its database is where it was. */
  private async revive(): Promise<void> {
    while (!this.stopping) {
      this.options.say('the Temporal server ended; starting it again');
      await pause(RESTART_MS);
      try {
        if (!this.stopping) await this.launch();
        return;
      } catch (failure) {
        this.options.say(`it does not start: ${(failure as Error).message}`);
      }
    }
  }

  private async healthy(): Promise<void> {
    const address = `127.0.0.1:${this.options.port}`;
    for (const until = Date.now() + START_MS; ;) {
      try {
        const connection = await Connection.connect({ address, connectTimeout: 1_000 });
        await connection.withDeadline(Date.now() + 2_000, () =>
          connection.workflowService.describeNamespace({ namespace: this.options.namespace }),
        );
        await connection.close();
        return;
      } catch (failure) {
        if (Date.now() > until) throw new Error(`the Temporal server does not answer: ${(failure as Error).message}`);
        await pause(100);
      }
    }
  }

  /** One that an `up` that was killed left behind is ended first: two servers must not share a database. */
  private async endLeftover(): Promise<void> {
    const pid = Number(await readFile(this.record, 'utf8').catch(() => ''));
    if (!(pid > 0) || !isRunning(pid) || !(await isTemporal(pid))) return;
    this.options.say(`ending a Temporal server that was left behind (pid ${pid})`);
    await ended(pid);
  }

  private async free(port: number, variable: string): Promise<void> {
    if (await isFree(port)) return;
    const other = await getPort({ host: '127.0.0.1' });
    throw new PortTaken(`Port ${port} is taken: set ${variable} to a free one, for example ${variable}=${other}.`);
  }

  private get record(): string {
    return path.join(this.options.data, 'temporal.pid');
  }
}

/** Asks a process to end, waits, and insists. */
export async function ended(pid: number, patience = STOP_MS): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + patience; Date.now() < until;) {
      if (!isRunning(pid)) return;
      await pause(50);
    }
  }
}

/** Whether a pid on record is still the server it was written for. */
async function isTemporal(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes('start-dev');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
