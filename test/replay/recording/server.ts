import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { Connection, type Client } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.ts';
import { readConfig as readClientConfig } from '../../../client/config.ts';
import { connect } from '../../../client/connection.ts';
import { acquireTemporal } from '../../../client/local-stack/acquire.ts';
import { registerAttributes } from '../../../client/local-stack/attributes.ts';
import { end, readRecord, stillRuns } from '../../../client/local-stack/processes.ts';
import { LocalServer } from '../../../client/local-stack/server.ts';
import { readConfig } from '../../../worker/config.ts';
import { createWorker } from '../../../worker/worker.ts';
import { activitiesOn, type Stage } from './stage.ts';
import { freePort } from '../../support/ports.ts';

export const TASK_QUEUE = 'gatehouse';
/** The number of events after which the server suggests continue-as-new. */
const FEW_EVENTS = 8;
const END_MS = 10_000;

/** A separate development server and a production worker whose activities are answered by stages. */
export interface Theatre {
  client: Client;
  stages: Map<string, Stage>;
  /** Shuts down cleanly. No case may be running. */
  close(): Promise<void>;
  /** Stops the server and removes its data, even while cases are running. */
  abandon(): Promise<void>;
}

/** `home` belongs to this recording alone. Leftovers of a killed recording are stopped and removed first. */
export async function openTheatre(home: string, say: (line: string) => void, short = false): Promise<Theatre> {
  const client = readClientConfig();
  const temporal = await acquireTemporal({
    cliPath: client.variables.TEMPORAL_CLI_PATH,
    searchPath: client.environment['PATH'],
    cache: client.cache,
    say,
  });
  await clear(home);
  const [port, uiPort] = [await freePort(), await freePort()];
  const tuning = short ? { 'limit.historyCount.suggestContinueAsNew': FEW_EVENTS } : {};
  const server = new LocalServer({ temporal, port, uiPort, namespace: 'default', data: home, say, tuning });
  await server.start();
  const abandon = async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  };
  const undo: (() => Promise<unknown>)[] = [abandon];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch((failure: Error) => say(failure.message));
  };
  try {
    return { ...(await perform(home, `127.0.0.1:${port}`, undo)), close, abandon };
  } catch (failure) {
    await close();
    throw failure;
  }
}

/** A server that a killed recording left behind still writes there. */
async function clear(home: string): Promise<void> {
  const left = readRecord(await readFile(path.join(home, 'temporal.pid'), 'utf8').catch(() => ''));
  if (left && (await stillRuns(left))) await end(left.pid, END_MS);
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
}

async function perform(home: string, address: string, undo: (() => Promise<unknown>)[]) {
  const open = await Connection.connect({ address });
  await registerAttributes(open, 'default');
  await open.close();
  const client = await connect({ address, namespace: 'default', connection: { address } });
  undo.push(() => client.connection.close());
  const connection = await NativeConnection.connect({ address });
  undo.push(() => connection.close());
  const stages = new Map<string, Stage>();
  const environment = {
    GATEHOUSE_DATA: path.dirname(home),
    GATEHOUSE_PORT: address.split(':')[1],
    GATEHOUSE_LOOK_SECONDS: '1',
  };
  const worker = await createWorker(
    { connection, config: readConfig(environment), ports: {} as Ports },
    { activities: activitiesOn(stages, TASK_QUEUE), identity: 'recorder' },
  );
  const running = worker.run();
  running.catch(() => undefined);
  undo.push(() => ended(worker, running));
  return { client, stages };
}

async function ended(worker: Worker, running: Promise<void>): Promise<void> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
}
