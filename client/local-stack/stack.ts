import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { configurationOf } from '../../worker/configuration/configuration-file.ts';
import { serveCodec } from '../codec-server.ts';
import type { ClientConfig } from '../config.ts';
import { ClientError, Unreachable } from '../errors.ts';
import { acquireTemporal } from './acquire.ts';
import { registerAttributes } from './attributes.ts';
import { takeLock } from './locking.ts';
import { LocalServer } from './server.ts';
import { WorkerProcess } from './worker-process.ts';

/** The local stack's polling interval, in seconds. It is short, because everything is on this machine. */
const POLL_SECONDS = '2';
/** How long jobs and checks may go on when the local stack is stopped, in seconds. */
const DRAIN_SECONDS = 5;

/** The mode of the data folder: only its user may read what runs received, produced and cost. */
const PRIVATE = 0o700;

export class AlreadyUp extends ClientError {
  readonly code = 'already_up';
}

export interface Stack {
  address: string;
  namespace: string;
  data: string;
  /** Undefined if a Temporal cluster is configured, because it has its own Web UI. */
  uiUrl?: string;
  temporalPath?: string;
  /** The codec server for Temporal's own tools, if payloads are encrypted. */
  codecEndpoint?: string;
  /** The pid of the worker, for tests that kill it. */
  workerPid: () => number | undefined;
  /** Has the worker read the configuration file again, for jobs that begin later. Prints what is wrong with the file. */
  reload: () => void;
  /** Stops everything. Returns whether everything ended cleanly, and prints what did not. */
  stop(): Promise<boolean>;
}

/**
 * Starts a Temporal server unless one is configured, registers the search attributes, and starts a worker. If this fails or
 * `signal` aborts, it stops everything that it has started, and throws.
 */
export async function startStack(
  config: ClientConfig,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Stack> {
  const { data, namespace, address, variables, environment } = config;
  const exposed = { ...environment };
  const configuration = configurationOf(variables, environment, [exposed]);
  await mkdir(data, { recursive: true, mode: PRIVATE });
  const { ownedBy: heldBy, release } = await takeLock(path.join(data, 'up.lock'));
  if (heldBy !== undefined) {
    throw new AlreadyUp(`A stack on ${data} is up already (pid ${heldBy}). Use it, or set GATEHOUSE_DATA.`);
  }
  const undo: (() => Promise<void>)[] = [release];
  const stop = async () => {
    let inOrder = true;
    for (const step of undo.splice(0).reverse()) {
      await step().catch((failure: unknown) => {
        inOrder = false;
        say(`while stopping: ${(failure as Error).message}`);
      });
    }
    return inOrder;
  };
  try {
    const own =
      variables.TEMPORAL_ADDRESS === undefined
        ? await ownServer({ ...config, environment: exposed }, say, undo, signal)
        : undefined;
    signal?.throwIfAborted();
    await register(config, say);
    const drainSeconds = config.variables.GATEHOUSE_DRAIN_SECONDS ?? DRAIN_SECONDS;
    const worker = new WorkerProcess({
      environment: {
        ...environment,
        GATEHOUSE_LOOK_SECONDS: environment['GATEHOUSE_LOOK_SECONDS'] || POLL_SECONDS,
        GATEHOUSE_DRAIN_SECONDS: String(drainSeconds),
        GATEHOUSE_DATA: data,
      },
      drainSeconds,
      data,
      say,
    });
    undo.push(() => worker.stop());
    if (own) undo.push(async () => own.server.letGo());
    say('starting the worker');
    await worker.start();
    signal?.throwIfAborted();
    const reload = () => {
      const faults = configuration.reload();
      for (const fault of faults) say(fault);
      say(faults.length === 0 ? 'the worker reads its configuration file again' : 'the worker keeps its configuration');
      worker.reload();
    };
    return { address, namespace, data, ...own?.shown, workerPid: () => worker.pid, reload, stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

async function ownServer(
  { variables, cache, data, namespace, environment, codecKeys = [] }: ClientConfig,
  say: (line: string) => void,
  undo: (() => Promise<void>)[],
  signal: AbortSignal | undefined,
) {
  const temporalPath = await acquireTemporal({
    cliPath: variables.TEMPORAL_CLI_PATH,
    searchPath: environment['PATH'],
    cache,
    say,
    signal,
  });
  signal?.throwIfAborted();
  const { GATEHOUSE_PORT: port, GATEHOUSE_UI_PORT: uiPort } = variables;
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  const codec =
    codecKeys.length > 0 && (await serveCodec(codecKeys, { port: variables.GATEHOUSE_CODEC_PORT, ui: uiUrl }));
  if (codec) undo.push(codec.close);
  const server = new LocalServer({
    temporal: temporalPath,
    port,
    uiPort,
    namespace,
    data,
    say,
    environment,
    ...(codec && { codecEndpoint: codec.endpoint }),
  });
  undo.push(() => server.stop());
  say('starting the Temporal server');
  await server.start();
  return { server, shown: { temporalPath, uiUrl, ...(codec && { codecEndpoint: codec.endpoint }) } };
}

async function register({ connection, namespace, address }: ClientConfig, say: (line: string) => void): Promise<void> {
  let open: Connection;
  try {
    open = await Connection.connect({ ...connection, connectTimeout: 10_000 });
  } catch (failure) {
    throw new Unreachable(`No Temporal server answers at ${address}: ${(failure as Error).message.split('\n', 1)[0]!}`);
  }
  try {
    const added = await registerAttributes(open, namespace);
    if (added.length > 0) say(`registered search attributes: ${added.join(', ')}`);
  } finally {
    await open.close();
  }
}
