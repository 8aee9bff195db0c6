import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type onResponseAsyncHookHandler,
} from 'fastify';
import getPort from 'get-port';
import type { Configuration } from '../../activities/adapters/configuration/configuration.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { bounded } from '../../worker/metrics/labels.ts';
import type { Metrics } from '../../worker/metrics/metrics.ts';
import type { Runs } from '../runs.ts';
import { callerOf, mustBeOurs, signIn, type Names } from './access/arriving.ts';
import { pageAccess, type People } from './access/page-callers.ts';
import { SignIns } from './access/sign-ins.ts';
import { signingIn } from './access/signing-in.ts';
import { Tokens } from './access/tokens.ts';
import { Events } from './api/events.ts';
import { describe } from './api/openapi.ts';
import { routes } from './api/routes.ts';
import { failed, refuse } from './problems.ts';
import type { PageAccess } from './page/access.ts';
import { pages } from './page/routes.ts';
import { signInPage } from './page/sign-in.ts';
import { PassingOn } from './webhooks/passing-on.ts';
import { receiving, type Secrets } from './webhooks/receiving.ts';
import type { SlackParts } from './webhooks/slack.ts';

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
  /** What the buttons of messages in Slack need. Undefined: they are not accepted. */
  slack?: Omit<SlackParts, 'runs' | 'state'> | undefined;
  /** Who may get in, as the configuration file says now. */
  configuration?: (() => Pick<Configuration, 'people' | 'roles'>) | undefined;
  /** The operating system's user, if this is the door of a local stack: its link signs them in. */
  user?: string | undefined;
  /** Where people reach the door. */
  url?: string | undefined;
  /** The proxies in front of the door that may say who asks, as CIDRs. */
  proxies?: string[] | undefined;
  /** How many requests a caller may make per minute. */
  rate?: number | undefined;
  /** Counts answers and event streams. Undefined: nobody asks for it. */
  metrics?: Metrics | undefined;
  /** Who looks at pages. Default: whoever is signed in. */
  access?: PageAccess | undefined;
  /** Where people reach Temporal's Web UI, with the namespace. */
  webUi?: string | undefined;
  log: FastifyBaseLogger;
}

/** How many requests a caller may make per minute, unless configured. */
const RATE = 600;

/** Where the door listens. `exact`: a person chose the port, so that another one is no help. */
export interface Listening {
  host: string;
  port: number;
  exact: boolean;
}

export interface Door {
  url: string;
  /** An address that signs the operating system's user in once. Undefined: this is no local stack. */
  link(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Opens the HTTP door. Throws if the port is taken, unless another one will do. */
export async function openDoor(parts: DoorParts, { host, port, exact }: Listening): Promise<Door> {
  const passing = new PassingOn({
    state: parts.state,
    runs: parts.runs,
    log: (fields, message) => parts.log.warn(fields, message),
  });
  const events = new Events(parts.state, parts.runs, (streams) => parts.metrics?.eventStreams.set(streams));
  const { user } = parts;
  try {
    const door = await doorOf(parts, { passing, events, host });
    const free = exact ? port : await getPort({ host, port });
    const url = await door.listen({ host, port: free });
    return {
      url,
      async link() {
        return user === undefined ? undefined : `${url}/sign-in/link/${await new SignIns(parts.state).link(user)}`;
      },
      async close() {
        events.close();
        await door.close();
        await passing.close();
      },
    };
  } catch (failure) {
    events.close();
    await passing.close();
    throw failure;
  }
}

interface Inside {
  passing: PassingOn;
  events: Events;
  host: string;
}

async function doorOf(parts: DoorParts, { passing, events, host }: Inside): Promise<FastifyInstance> {
  const { runs, secrets, reachable, state, log, url, proxies = [], rate = RATE, metrics, webUi } = parts;
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
    trustProxy: proxies.length > 0 ? proxies : false,
  });
  door.setErrorHandler(failed);
  door.setNotFoundHandler((_request, reply) =>
    refuse(reply, { status: 404, code: 'not_found', detail: 'There is nothing at this address.' }),
  );
  const names: Names = { host, url, trustsProxy: proxies.length > 0 };
  if (metrics) door.addHook('onResponse', counting(metrics));
  door.addHook('onRequest', mustBeOurs(names));
  await door.register(helmet, HELMET);
  await describe(door);
  await door.register(receiving(secrets, passing, parts.slack && { ...parts.slack, runs, state }));
  await door.register(cookie);
  const people = peopleOf(parts);
  const { access = pageAccess(people) } = parts;
  await door.register(async (page) => {
    await page.register(formbody, { bodyLimit: MOST_BYTES });
    await page.register(rateLimit, { global: false });
    signingIn(page, { ...people, ways: () => [], render: (view) => String(signInPage(view)) });
  });
  await door.register(
    async (api) => {
      api.removeContentTypeParser('text/plain');
      api.addHook('onRequest', signIn(new Tokens(state), people));
      await api.register(rateLimit, limitOf(rate));
      routes(api, { runs, state, events });
    },
    { prefix: '/api/v1' },
  );
  pages(door, { runs, state, access, webUi });
  door.get('/openapi.json', HIDDEN, () => door.swagger());
  door.get('/healthz', HIDDEN, async () => ({ status: 'ok' }));
  door.get('/readyz', HIDDEN, async (_request, reply) => {
    const [temporal, database] = await Promise.all([reachable(), answers(state)]);
    return reply.code(temporal && database ? 200 : 503).send({ temporal, database });
  });
  return door;
}

const counting =
  ({ httpRequests }: Metrics): onResponseAsyncHookHandler =>
  async ({ method }, { statusCode }) =>
    httpRequests.inc(bounded({ method, status: String(statusCode) }));

/** What sign-in and the page need to know of people. */
const peopleOf = ({ state, configuration = () => NOBODY, url, user }: DoorParts): People => ({
  signIns: new SignIns(state),
  configuration,
  url,
  local: user !== undefined,
});
const NOBODY = { people: {}, roles: {} };

/** Not part of the API that `/openapi.json` describes. */
const HIDDEN = { schema: { hide: true } };

const NONE = ["'none'"];
const OURS = ["'self'"];
/**
 * Pages use our own style sheet, script and addresses only. Nothing that we answer may be framed. Without any referrer,
 * browsers would not say either that a form is from our own page.
 */
const HELMET = {
  referrerPolicy: { policy: 'same-origin' as const },
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: NONE,
      styleSrc: OURS,
      scriptSrc: OURS,
      imgSrc: [...OURS, 'data:'],
      connectSrc: OURS,
      formAction: OURS,
      frameAncestors: NONE,
      baseUri: NONE,
    },
  },
};

/** The limit of each caller. Whoever is over it is told when to come back. */
const limitOf = (most: number): RateLimitPluginOptions => ({
  max: most,
  timeWindow: 60_000,
  hook: 'preHandler',
  keyGenerator: (request) => callerOf(request).id,
  errorResponseBuilder: (_request, { after }) =>
    Object.assign(new Error(`More than ${most} requests in a minute. Try again in ${after}.`), { statusCode: 429 }),
});

const answers = (state: State): Promise<boolean> =>
  state
    .query((db) => db.selectFrom('sessions').select('id').limit(1).execute())
    .then(
      () => true,
      () => false,
    );
