import { Client, Connection } from '@temporalio/client';
import { userInfo } from 'node:os';
import { pino } from 'pino';
import { configurationOf } from '../../worker/configuration/configuration-file.ts';
import { clientCodec } from '../../worker/configuration/encryption.ts';
import { secretOf } from '../../worker/configuration/secret-files.ts';
import type { Variables } from '../../worker/configuration/variables.ts';
import { openMetrics } from '../../worker/metrics/opening.ts';
import type { ClientConfig } from '../config.ts';
import { traced } from '../connection.ts';
import { ClientRows } from '../rows.ts';
import { Runs } from '../runs.ts';
import { openDoor, type Door, type Listening } from './door.ts';
import { HTTP_PORT } from './page-address.ts';
import { stateOf } from './state.ts';
import type { Secrets } from './webhooks/receiving.ts';

/** How long Temporal may take to say that it is there, in milliseconds. */
const REACHED_MS = 2_000;

/** A door, which reads the configuration file again when it is told to. */
export interface ServedDoor extends Door {
  /** One line per fault. With faults, what was read before stays. */
  reload(): string[];
}

/**
 * Opens the HTTP door. It opens whether Temporal and the database answer or not. `exact`: the port is taken by nobody else,
 * or this throws, and metrics are served, too. Otherwise another one will do, unless a person chose it, and the worker beside
 * it serves the metrics.
 * `local`: it is the door of a local stack, whose links sign its user in.
 */
export async function serveDoor(
  config: ClientConfig,
  { exact, local = false }: { exact: boolean; local?: boolean },
): Promise<ServedDoor> {
  const { variables, namespace, connection, codecKeys = [] } = config;
  const configuration = configurationOf(variables, config.environment);
  const log = pino({ level: levelOf(variables), base: { name: 'gatehouse-http' } }, pino.destination(2));
  const lazy = Connection.lazy({ ...connection, channelArgs: { 'grpc.max_reconnect_backoff_ms': 5_000 } });
  const client = new Client({
    connection: lazy,
    namespace,
    ...(await traced(variables, lazy)),
    dataConverter: { payloadCodecs: [clientCodec(codecKeys)] },
  });
  const state = stateOf(config);
  const rows = new ClientRows(config, (line) => log.warn(line));
  const metrics = exact
    ? openMetrics(variables, { state, forges: () => [], log: (line) => log.warn(line) })
    : undefined;
  const close = async () => {
    await metrics?.close();
    await rows.close();
    await state.close();
    await lazy.close();
  };
  try {
    const door = await openDoor(
      {
        runs: new Runs(client, variables.GATEHOUSE_TASK_QUEUE, rows),
        state,
        reachable: () => isReachable(client),
        secrets: secretsOf(variables),
        slack: slackOf(variables, configuration),
        configuration: configuration.current,
        user: local ? userInfo().username : undefined,
        url: variables.GATEHOUSE_URL,
        proxies: variables.GATEHOUSE_TRUST_PROXY,
        rate: variables.GATEHOUSE_HTTP_RATE,
        metrics: metrics?.metrics,
        webUi: webUiOf(config),
        log,
      },
      listeningOf(variables, exact),
    );
    return {
      url: door.url,
      link: door.link,
      reload: () => configuration.reload(),
      async close() {
        await door.close();
        await close();
      },
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

/** Where people reach Temporal's Web UI, with the namespace. By default, that of the local stack. */
function webUiOf({ variables, namespace }: ClientConfig): string | undefined {
  const { GATEHOUSE_TEMPORAL_UI: named, TEMPORAL_ADDRESS: elsewhere, GATEHOUSE_UI_PORT: port } = variables;
  const ui = named ?? (elsewhere === undefined ? `http://127.0.0.1:${port}` : undefined);
  return ui && `${ui}/namespaces/${encodeURIComponent(namespace)}`;
}

const listeningOf = (
  { GATEHOUSE_HTTP_HOST: host, GATEHOUSE_HTTP_PORT: port }: Variables,
  exact: boolean,
): Listening => ({
  host,
  port: typeof port === 'number' ? port : HTTP_PORT,
  exact: exact || port !== undefined,
});

/** The door shares the terminal with whoever started it, so by default it reports problems only. */
const levelOf = ({ GATEHOUSE_LOG_LEVEL: level }: Variables): string => (level === 'info' ? 'warn' : level);

/** The secrets of the forges that may send webhooks. Throws `BadVariables` if one is given twice, or its file is empty. */
function secretsOf(variables: Variables): Secrets {
  const github = secretOf(variables, 'GATEHOUSE_GITHUB_WEBHOOK_SECRET');
  const gitea = secretOf(variables, 'GATEHOUSE_GITEA_WEBHOOK_SECRET');
  return { ...(github && { github }), ...(gitea && { gitea }) };
}

/** The buttons of messages in Slack, and the people who may press them. */
function slackOf(variables: Variables, { current }: ReturnType<typeof configurationOf>) {
  const secret = secretOf(variables, 'GATEHOUSE_SLACK_SIGNING_SECRET');
  return secret === undefined ? undefined : { secret, configuration: current };
}

const isReachable = (client: Client): Promise<boolean> =>
  client
    .withDeadline(Date.now() + REACHED_MS, () => client.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    );
