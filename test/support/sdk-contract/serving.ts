import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  type Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.ts';
import { readConfig as readClientConfig } from '../../../client/config.ts';
import { connect } from '../../../client/connection.ts';
import { acquireTemporal } from '../../../client/local-stack/acquire.ts';
import { hush } from '../../../client/offline/replay.ts';
import { LocalServer } from '../../../client/local-stack/server.ts';
import { readConfig } from '../../../worker/config.ts';
import { bundling } from '../../../worker/configuration/bundling.ts';
import { dataConverterOf } from '../../../worker/configuration/converting.ts';
import { createWorker } from '../../../worker/worker.ts';
import { freePort } from '../ports.ts';

/** Makes the server report after one second instead of twenty that no worker polls. */
const TUNING = { 'matching.queryPollerUnavailableWindow': '"1s"' };

export interface Served {
  worker: Worker;
  client: Client;
  /** Starts one of the test workflows, without waiting for its result. */
  begin: (workflow: string, ...args: unknown[]) => Promise<WorkflowHandleWithFirstExecutionRunId>;
  stop: () => Promise<void>;
}

interface Wanted {
  over?: Partial<WorkerOptions>;
  /** Environment variables of the worker. */
  variables?: Record<string, string>;
}

/** A server of our own, with production workers that serve the workflows of this folder in addition to their own. */
export class Serving {
  private readonly bundles = new Map<string, Promise<{ code: string }>>();
  private readonly served: Served[] = [];
  private queues = 0;

  private constructor(
    readonly home: string,
    readonly address: string,
    /** The server's executable. */
    readonly program: string,
    private readonly server: LocalServer,
    private readonly connection: NativeConnection,
  ) {}

  static async open(): Promise<Serving> {
    hush();
    const { variables, cache, environment } = readClientConfig();
    const say = () => undefined;
    const cliPath = variables.TEMPORAL_CLI_PATH;
    const temporal = await acquireTemporal({ cliPath, searchPath: environment['PATH'], cache, say });
    const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-sdk-'));
    const [port, uiPort] = [await freePort(), await freePort()];
    const options = { temporal, port, uiPort, namespace: 'default', data: home, say, tuning: TUNING };
    const server = new LocalServer(options);
    await server.start();
    const address = `127.0.0.1:${port}`;
    return new Serving(home, address, temporal, server, await NativeConnection.connect({ address }));
  }

  async close(): Promise<void> {
    await Promise.all(this.served.map(({ stop }) => stop()));
    await this.connection.close();
    await this.server.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Starts a production worker on a task queue of its own. */
  async serve({ over = {}, variables = {} }: Wanted = {}): Promise<Served> {
    const GATEHOUSE_TASK_QUEUE = `queue-${(this.queues += 1)}`;
    const environment = { GATEHOUSE_DATA: this.home, GATEHOUSE_TASK_QUEUE, ...variables };
    const config = { ...readConfig(environment), address: this.address };
    const workflowBundle = await this.bundle(config);
    const worker = await createWorker(
      { connection: this.connection, config, ports: {} as Ports },
      { workflowBundle, activities: { keepText: async (text: string) => `kept ${text}` }, ...over },
    );
    const running = worker.run();
    const { codecKeys = [] } = config;
    const address = this.address;
    const client = await connect({ address, namespace: 'default', connection: { address }, codecKeys });
    let ids = 0;
    const stop = async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
      await client.connection.close();
    };
    const begin: Served['begin'] = (workflow, ...args) =>
      client.workflow.start(workflow, {
        workflowId: `${GATEHOUSE_TASK_QUEUE}-${workflow}-${(ids += 1)}`,
        taskQueue: GATEHOUSE_TASK_QUEUE,
        args,
      });
    const served = { worker, client, begin, stop };
    this.served.push(served);
    return served;
  }

  /** Bundles as in production, once per kind. */
  private bundle({ variables, codecKeys }: ReturnType<typeof readConfig>): Promise<{ code: string }> {
    const callStacks = variables.GATEHOUSE_CALL_STACKS === 'on';
    const { failureConverterPath, payloadConverterPath } = dataConverterOf(codecKeys);
    const kind = `${callStacks} ${failureConverterPath}`;
    const made =
      this.bundles.get(kind) ??
      bundleWorkflowCode({
        ...bundling({ callStacks }),
        workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
        ...(payloadConverterPath && { payloadConverterPath }),
        ...(failureConverterPath && { failureConverterPath }),
        logger: new DefaultLogger('ERROR'),
      });
    this.bundles.set(kind, made);
    return made;
  }
}
