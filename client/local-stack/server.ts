import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import getPort from 'get-port';
import { SEARCH_ATTRIBUTES } from '../../workflows/contracts/run/search-attributes.ts';
import { ClientError } from '../errors.ts';
import { end, readRecord, recordOf, stillRuns } from './processes.ts';

const START_MS = 60_000;
const STOP_MS = 20_000;
const RESTART_MS = 1_000;

/** By default the development server polls each queue 20 times a second, which causes most of a run's latency. */
const TUNING = ['transferProcessor', 'timerProcessor', 'visibilityProcessor', 'outboundProcessor'].flatMap((queue) => [
  '--dynamic-config-value',
  `history.${queue}MaxPollRPS=2000`,
]);

export class PortTaken extends ClientError {
  readonly code = 'port_taken';
}

export interface ServerOptions {
  temporal: string;
  port: number;
  uiPort: number;
  namespace: string;
  data: string;
  say: (line: string) => void;
  /** Dynamic configuration in addition to ours, by key. */
  tuning?: Record<string, string | number>;
  /** The codec server for its Web UI. */
  codecEndpoint?: string;
  /** Our environment. The server gets it without our own variables, which contain keys and secrets. */
  environment?: NodeJS.ProcessEnv;
}

/** A Temporal development server with its database in the data folder, so that runs survive a restart. */
export class LocalServer {
  private child: ChildProcess | undefined;
  private stopping = false;

  constructor(private readonly options: ServerOptions) {}

  async start(): Promise<void> {
    await this.endOrphan();
    const { port, uiPort } = this.options;
    if (port === uiPort)
      throw new PortTaken(`GATEHOUSE_PORT and GATEHOUSE_UI_PORT are both ${port}: expected two ports.`);
    await this.free(port, 'GATEHOUSE_PORT');
    await this.free(uiPort, 'GATEHOUSE_UI_PORT');
    await this.launch();
  }

  /** Stops restarting the server, because a signal to all processes may already have ended it. */
  letGo(): void {
    this.stopping = true;
  }

  async stop(): Promise<void> {
    this.letGo();
    if (this.child?.pid) await end(this.child.pid, STOP_MS);
    await rm(this.record, { force: true });
  }

  private async launch(): Promise<void> {
    const { temporal, port, uiPort, namespace, data, tuning = {}, codecEndpoint, environment } = this.options;
    mkdirSync(path.join(data, 'logs'), { recursive: true });
    const log = openSync(path.join(data, 'logs', 'temporal.log'), 'a');
    const attributes = Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${type}`,
    ]);
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
    const kept = ['--namespace', namespace, '--db-filename', path.join(data, 'temporal.db'), '--log-level', 'error'];
    const more = Object.entries(tuning).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]);
    const codec = codecEndpoint ? ['--ui-codec-endpoint', codecEndpoint] : [];
    // Has its own process group, so that a Ctrl-C in the terminal reaches us and not the server, which must stop last.
    const child = spawn(temporal, [...args, ...kept, ...TUNING, ...more, ...attributes, ...codec], {
      detached: true,
      stdio: ['ignore', log, log],
      ...(environment && { env: others(environment) }),
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
    if (child.pid) await writeFile(this.record, await recordOf(child.pid));
    try {
      await Promise.race([this.healthy(() => child.exitCode === null && child.signalCode === null), died]);
    } catch (failure) {
      // Ends a server that does not answer before the next one starts, because two servers must not share a database.
      if (child.pid) await end(child.pid, STOP_MS);
      throw failure;
    }
    child.removeAllListeners('exit');
    child.once('exit', () => void this.revive());
  }

  /**
   * Restarts a server that has ended; its database is still there. Pauses first, because we may be about to receive the
   * signal that ended the server.
   */
  private async revive(): Promise<void> {
    for (;;) {
      await pause(RESTART_MS);
      if (this.stopping) return;
      this.options.say('the Temporal server ended; starting it again');
      try {
        return await this.launch();
      } catch (failure) {
        this.options.say(`the Temporal server does not start: ${(failure as Error).message}`);
      }
    }
  }

  private async healthy(lives: () => boolean): Promise<void> {
    const address = `127.0.0.1:${this.options.port}`;
    for (const until = Date.now() + START_MS; lives();) {
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
    throw new Error('the Temporal server ended before it answered');
  }

  /** Ends the server that a killed `up` has left behind, because two servers must not share a database. */
  private async endOrphan(): Promise<void> {
    const left = readRecord(await readFile(this.record, 'utf8').catch(() => ''));
    if (!left || !(await stillRuns(left))) return;
    this.options.say(`ending a Temporal server that was left behind (pid ${left.pid})`);
    await end(left.pid, STOP_MS);
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

const others = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(GATEHOUSE|TEMPORAL)_/.test(name)));

/** Whether a port is free. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
