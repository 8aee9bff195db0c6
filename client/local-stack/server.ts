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

/** The development server polls each queue 20 times a second by default, which is most of the latency of a run. */
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
  /** Dynamic configuration on top of ours, by its key. */
  tuning?: Record<string, string | number>;
  /** Where its Web UI has payloads decrypted. */
  codecEndpoint?: string;
  /** What it is given of ours: all but our own variables, which hold keys and secrets. */
  environment?: NodeJS.ProcessEnv;
}

/** A development server of our own, with its database in the data folder: runs survive its restart. */
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

  /** From now on its end is no reason to start it again: who ends all of us may have ended it already. */
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
    // A group of its own: a Ctrl-C in the terminal must reach us first, and it last.
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
      // Two servers must not share a database: one that does not answer goes before the next one comes.
      if (child.pid) await end(child.pid, STOP_MS);
      throw failure;
    }
    child.removeAllListeners('exit');
    child.once('exit', () => void this.revive());
  }

  /**
   * A server that was killed under us is started again: its database is where it was. After a pause, in which we hear of it
   * where we are ended too.
   */
  private async revive(): Promise<void> {
    for (;;) {
      await pause(RESTART_MS);
      if (this.stopping) return;
      this.options.say('the Temporal server ended; starting it again');
      try {
        return await this.launch();
      } catch (failure) {
        this.options.say(`it does not start: ${(failure as Error).message}`);
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

  /** One that an `up` that was killed left behind is ended first: two servers must not share a database. */
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

/** Whether a port can be listened on. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
