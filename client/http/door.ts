import { randomUUID } from 'node:crypto';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import getPort from 'get-port';
import type { State } from '../../activities/adapters/state/state.ts';
import type { Runs } from '../runs.ts';
import { failed, refuse } from './problems.ts';
import { PassingOn } from './webhooks/passing-on.ts';
import { receiving, type Secrets } from './webhooks/receiving.ts';

/** The largest body of a request, in bytes. Webhooks have their own limit. */
const MOST_BYTES = 1_024 * 1_024;
/** Time limits for slow senders, in milliseconds: for the headers, for the whole request, and between two requests. */
const LIMITS_MS = { headers: 10_000, request: 30_000, idle: 65_000 };

export interface DoorParts {
  runs: Runs;
  /** The database, which the door also writes. */
  state: State;
  /** Whether Temporal answers. */
  reachable: () => Promise<boolean>;
  secrets: Secrets;
  log: FastifyBaseLogger;
}

/** Where the door listens. `exact`: a person chose the port, so that another one is no help. */
export interface Listening {
  host: string;
  port: number;
  exact: boolean;
}

export interface Door {
  url: string;
  close(): Promise<void>;
}

/** Opens the HTTP door. Throws if the port is taken, unless another one will do. */
export async function openDoor(parts: DoorParts, { host, port, exact }: Listening): Promise<Door> {
  const passing = new PassingOn({
    state: parts.state,
    runs: parts.runs,
    log: (fields, message) => parts.log.warn(fields, message),
  });
  const door = doorOf(parts, passing);
  try {
    const free = exact ? port : await getPort({ host, port });
    const url = await door.listen({ host, port: free });
    return {
      url,
      async close() {
        await door.close();
        await passing.close();
      },
    };
  } catch (failure) {
    await passing.close();
    throw failure;
  }
}

function doorOf({ secrets, reachable, state, log }: DoorParts, passing: PassingOn): FastifyInstance {
  const door = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MOST_BYTES,
    requestTimeout: LIMITS_MS.request,
    connectionTimeout: LIMITS_MS.idle,
    keepAliveTimeout: LIMITS_MS.idle,
    http: { headersTimeout: LIMITS_MS.headers },
    forceCloseConnections: true,
    genReqId: () => randomUUID(),
  });
  door.setErrorHandler(failed);
  door.setNotFoundHandler((_request, reply) =>
    refuse(reply, { status: 404, code: 'not_found', detail: 'There is nothing at this address.' }),
  );
  door.get('/healthz', async () => ({ status: 'ok' }));
  door.get('/readyz', async (_request, reply) => {
    const [temporal, database] = await Promise.all([reachable(), answers(state)]);
    return reply.code(temporal && database ? 200 : 503).send({ temporal, database });
  });
  void door.register(receiving(secrets, passing));
  return door;
}

const answers = (state: State): Promise<boolean> =>
  state
    .query((db) => db.selectFrom('sessions').select('id').limit(1).execute())
    .then(
      () => true,
      () => false,
    );
