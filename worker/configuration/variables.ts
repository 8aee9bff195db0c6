import { isIP } from 'node:net';
import { z } from 'zod';
import { adapterVariables, lacking, oneOf, vendorVariables } from '../../activities/adapters/variables.ts';
import { stateVariables } from '../../activities/adapters/state/variables.ts';
import { badFields, fieldsMessage } from '../../workflows/contracts/bad-fields.ts';

const number = (expected: string, least: number, most: number) =>
  z.coerce.number({ error: expected }).min(least, { error: expected }).max(most, { error: expected });
const port = (fallback: number) =>
  number('a port, 1 to 65535', 1, 65_535).refine(Number.isInteger, { error: 'a port, 1 to 65535' }).default(fallback);

const PROXIES = 'addresses or CIDRs, separated by commas, as in 10.0.0.0/8,127.0.0.1';
const Proxies = z
  .string()
  .transform((text) => text.split(',').map((each) => each.trim()))
  .refine((all) => all.every(isNetwork), { error: PROXIES });
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  return family > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
};

const HTTP_PORT = 'a port, 1 to 65535, or off';

/** An address of ours that others use, without a slash at its end. */
const address = (expected: string) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/[?#@]/.test(text), {
      error: expected,
    })
    .transform((text) => text.replace(/\/+$/, ''));

const named = (what: string) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    error: `a name of the ${what}: 1 to 64 letters, digits, hyphens and underscores`,
  });

const TYPES = ['feature', 'bug', 'document', 'spike', 'recurring'];
const LIMIT = 'a number, or one per type as in feature=3,bug=2 (0 to 1000)';
const countOf = (text: string): number => (/^\d{1,4}$/.test(text) && Number(text) <= 1_000 ? Number(text) : NaN);

const TaskLimit = z.string().transform((text, ctx): { shared: number } | { perType: Record<string, number> } => {
  const shared = countOf(text.trim());
  if (!Number.isNaN(shared)) return { shared };
  const pairs = text.split(',').map((pair) => pair.trim().split('='));
  const good = pairs.every(([type = '', count = '']) => TYPES.includes(type) && !Number.isNaN(countOf(count)));
  if (good) return { perType: Object.fromEntries(pairs.map(([type, count]) => [type, Number(count)])) };
  ctx.addIssue({ code: 'custom', message: LIMIT });
  return z.NEVER;
});

/** A key of 32 bytes in base64, and the id by which payloads name it. */
export interface CodecKey {
  id: string;
  key: string;
}

const KEYS =
  'keys as id:base64,id2:base64, of 32 bytes each (openssl rand -base64 32), with ids of letters, digits, ".", "_", "-"';

/** The first key encrypts, all of them decrypt. Errors never contain the value, because it may be most of a key. */
export const CodecKeys = z.string().transform((text, ctx): CodecKey[] => {
  const keys = text
    .split(',')
    .map((each) => /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([A-Za-z0-9+/]{43}=)$/.exec(each.trim()));
  const ids = keys.map((found) => found?.[1]);
  const problem = ids.includes(undefined) ? KEYS : new Set(ids).size < ids.length ? `${KEYS}, each once` : undefined;
  if (problem === undefined) return keys.map((found) => ({ id: found![1]!, key: found![2]! }));
  ctx.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

/**
 * All our variables, with defaults that work on a laptop. Adapters declare their own. The comment above a variable is its
 * description in CONFIGURATION.md (`npm run papers`). `TEMPORAL_*` variables are read like Temporal's own tools do.
 */
export const Variables = z.object({
  /** The task queue of the runs. Without worker versioning, use a separate queue for each build. */
  GATEHOUSE_TASK_QUEUE: z.string().max(200, { error: 'at most 200 characters' }).default('gatehouse'),
  /** The build of the worker, such as its commit, for Temporal's worker versioning. Default: no versioning. */
  GATEHOUSE_BUILD: named('build').optional(),
  /** The worker deployment that the build belongs to. */
  GATEHOUSE_DEPLOYMENT: named('deployment').default('gatehouse'),
  /** The port of the local Temporal server. */
  GATEHOUSE_PORT: port(7233),
  /** The port of the local server's Web UI. */
  GATEHOUSE_UI_PORT: port(8233),
  /**
   * The data folder of the local stack and the adapters: database, logs, jobs, checkouts, pull requests. Default:
   * `gatehouse` in the user's state directory.
   */
  GATEHOUSE_DATA: z.string().optional(),
  /** The operator's configuration file, in YAML. Default: `gatehouse.yml` in the working folder, if it is there. */
  GATEHOUSE_CONFIG: z.string().optional(),
  /**
   * The polling interval for everything that sends no hints. The local stack sets 2. A worker polls at most three parked
   * runs per second, so the interval is longer if many runs are parked.
   */
  GATEHOUSE_LOOK_SECONDS: number('seconds, 0.1 to 86400', 0.1, 86_400).default(30),
  /**
   * The timeout of one call to the forge, an executor, an environment or any other adapter. A call that times out is
   * retried.
   */
  GATEHOUSE_CALL_SECONDS: number('seconds, 1 to 86400', 1, 86_400).default(600),
  /**
   * The total budget of all runs per calendar month. When it is spent, no new job starts, and runs wait for the next
   * month or a higher budget. Default: no limit.
   */
  GATEHOUSE_BUDGET_CENTS: number('cents, 0 or more', 0, Number.MAX_SAFE_INTEGER).optional(),
  /**
   * The maximum number of live runs per repository, or per type of task, as in `feature=3,bug=2`. Default: no limit.
   */
  GATEHOUSE_TASK_LIMIT: TaskLimit.optional(),
  /**
   * How many runs a worker keeps in memory, at about 100 kB each. It replays other runs when they have work to do.
   */
  GATEHOUSE_CACHED_RUNS: number('a number of runs, 10 to 100000', 10, 100_000).default(1_000),
  /**
   * Whether the Web UI's _Call Stack_ tab shows where a run's code waits, for developers of gatehouse. If `on`, every
   * workflow task takes twice as long.
   */
  GATEHOUSE_CALL_STACKS: oneOf(['off', 'on']),
  /**
   * How long a worker may not reach the database, or be down, before what it runs is lost and begins anew on another
   * worker. It ends its jobs, checks and previews itself after four fifths of this.
   */
  GATEHOUSE_LOST_SECONDS: number('seconds, 10 to 3600', 10, 3_600).default(300),
  /**
   * How long a worker that is stopped lets its jobs and checks go on before it interrupts them. Meanwhile it takes no new
   * work. Default: 600, and 5 in the local stack.
   */
  GATEHOUSE_DRAIN_SECONDS: number('seconds, 0 to 86400', 0, 86_400).optional(),
  /** The log level of the worker. */
  GATEHOUSE_LOG_LEVEL: oneOf(['info', 'debug', 'warn', 'error', 'silent']),
  /**
   * The keys that encrypt payloads, as `id:key,id2:key2`, with 32 bytes in base64 per key. The first one encrypts, all
   * of them decrypt. Default: no encryption.
   */
  GATEHOUSE_CODEC_KEYS: CodecKeys.optional().meta({ secret: true }),
  /** A file with the keys, one `id:key` per line, to use instead of `GATEHOUSE_CODEC_KEYS`. */
  GATEHOUSE_CODEC_KEYS_FILE: z.string().optional(),
  /** The port of `gatehouse codec`. The local stack starts a codec server if there are keys. */
  GATEHOUSE_CODEC_PORT: port(8234),
  /**
   * The port of the HTTP door, or `off` for no door in the local stack. Default: 8080. The local stack takes another one if
   * that is taken.
   */
  GATEHOUSE_HTTP_PORT: z
    .union([z.literal('off'), number(HTTP_PORT, 1, 65_535).refine(Number.isInteger, { error: HTTP_PORT })], {
      error: HTTP_PORT,
    })
    .optional(),
  /** The address on which the HTTP door listens. Any other than this machine's own needs a proxy with TLS in front of it. */
  GATEHOUSE_HTTP_HOST: z.string().max(255, { error: 'at most 255 characters' }).default('127.0.0.1'),
  /** How many requests a caller of the HTTP door may make per minute. */
  GATEHOUSE_HTTP_RATE: number('a number of requests, 1 or more', 1, 1_000_000).default(600),
  /**
   * The proxies in front of the HTTP door that may say who asks, as addresses or CIDRs, separated by commas. Default: none,
   * and requests with forwarded headers are refused.
   */
  GATEHOUSE_TRUST_PROXY: Proxies.optional(),
  /** Where people and forges reach the HTTP door, such as `https://gatehouse.example.com`. */
  GATEHOUSE_URL: address('an http:// or https:// address without a query').optional(),
  /**
   * The port on which `gatehouse worker`, `up` and `serve` serve metrics for Prometheus, at `/metrics`. Default: none. Two of
   * them on one machine need a port each.
   */
  GATEHOUSE_METRICS_PORT: number('a port, 1 to 65535', 1, 65_535)
    .refine(Number.isInteger, { error: 'a port, 1 to 65535' })
    .optional(),
  /** The address on which metrics are served. Whoever reaches it can read them. */
  GATEHOUSE_METRICS_HOST: z.string().max(255, { error: 'at most 255 characters' }).default('127.0.0.1'),
  /**
   * Where traces go by OTLP over HTTP, such as `http://127.0.0.1:4318`. OpenTelemetry's other variables hold, too, such as
   * `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_SERVICE_NAME`. Default: no traces.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
      error: 'an http:// or https:// address',
    })
    .optional(),
  /** Where people reach Temporal's Web UI. Default: that of the local stack. */
  GATEHOUSE_TEMPORAL_UI: address('an http:// or https:// address without a query').optional(),
  /** The address of the Temporal server. Default: the local stack starts a server. */
  TEMPORAL_ADDRESS: z.string().optional(),
  /** The Temporal namespace. Default: `default`. */
  TEMPORAL_NAMESPACE: z.string().optional(),
  /** The `temporal` program. Default: the one on PATH; otherwise it is downloaded, or built with Go. */
  TEMPORAL_CLI_PATH: z.string().optional(),
  ...stateVariables,
  ...adapterVariables,
});
export type Variables = z.output<typeof Variables>;

/**
 * Reads the environment. Empty variables count as unset. Throws an error with one line per bad variable: its name, and what
 * was expected and found.
 */
export function readVariables(environment: Record<string, string | undefined>): Variables {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const { data, error } = Variables.safeParse(Object.fromEntries(set));
  if (error) throw new BadVariables(fieldsMessage(badFields(error, environment, isSecret)));
  const lacks = lacking(data);
  if (lacks.length > 0) throw new BadVariables(lacks.join('\n'));
  return data;
}

/** The adapters' variables that are set, with their values unless they are secret. */
export const declaredIn = (variables: Variables): string[] =>
  Object.keys(vendorVariables).flatMap((name) => {
    const value = variables[name as keyof Variables];
    if (value === undefined) return [];
    return [isSecret(name) ? `${name} (not shown)` : `${name}=${String(value)}`];
  });

/** Whether a variable's value must never be shown. Even a bad value may be most of a key, or an address with a secret. */
const isSecret = (name: string): boolean =>
  Object.hasOwn(Variables.shape, name) && Variables.shape[name as keyof Variables].meta()?.['secret'] === true;

export class BadVariables extends Error {
  override readonly name = 'BadVariables';
}
