import { z } from 'zod';
import { badFields, fieldsMessage } from './bad-fields.ts';
import { NoticeType } from './notices.ts';

const number = (expected: string, least: number, most: number) =>
  z.coerce.number({ error: expected }).min(least, { error: expected }).max(most, { error: expected });
const port = (fallback: number) =>
  number('a port, 1 to 65535', 1, 65_535).refine(Number.isInteger, { error: 'a port, 1 to 65535' }).default(fallback);
const oneOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z.enum(names, { error: `one of ${names.join(', ')}` }).default(names[0] as Names[number]);

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

const NOTIFIERS = ['log', 'file', 'webhook'] as const;

/** One place where notices go, and the types that go there; all, when none are named. */
export interface Route {
  adapter: (typeof NOTIFIERS)[number];
  types?: NoticeType[];
}

const ROUTES = `names of ${NOTIFIERS.join(', ')}, each once, some with types as in log,webhook=ci_failed|merge_review`;

const routeOf = (text: string): Route | { expected: string } => {
  const [name, named, ...more] = text.split('=').map((part) => part.trim());
  const adapter = NOTIFIERS.find((known) => known === name);
  if (!adapter || more.length > 0) return { expected: ROUTES };
  if (named === undefined) return { adapter };
  const types = z.array(NoticeType).safeParse(named.split('|').map((type) => type.trim()));
  const expected = `types after ${adapter}= among ${NoticeType.options.join(', ')}`;
  return types.success ? { adapter, types: types.data } : { expected };
};

const Routes = z.string().transform((text, ctx): Route[] => {
  const routes: Route[] = [];
  for (const route of text.split(',').map(routeOf)) {
    const again = 'adapter' in route && routes.some(({ adapter }) => adapter === route.adapter);
    if ('adapter' in route && !again) routes.push(route);
    else ctx.addIssue({ code: 'custom', message: 'expected' in route ? route.expected : ROUTES });
  }
  return routes;
});

const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
const isOpen = (address: string) => new URL(address).username === '' && new URL(address).password === '';

/** A key of 32 bytes, in base64, and the name by which payloads know it. */
export interface CodecKey {
  id: string;
  key: string;
}

const KEYS =
  'keys as id:base64,id2:base64, of 32 bytes each (openssl rand -base64 32), with ids of letters, digits, ".", "_", "-"';

/** The first key encrypts, all of them decrypt. What is wrong is never repeated: it may be most of a key. */
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
 * Every variable of ours (contract 15), each with a default that serves a laptop. Temporal's own, TEMPORAL_ADDRESS and
 * its family, are read as Temporal's tools read them.
 */
export const Variables = z.object({
  GATEHOUSE_TASK_QUEUE: z.string().max(200, { error: 'at most 200 characters' }).default('gatehouse'),
  /** Names the build that a worker runs, for Temporal's worker versioning. None: runs are replayed by whoever is there. */
  GATEHOUSE_BUILD: named('build').optional(),
  /** The worker deployment whose builds they are. */
  GATEHOUSE_DEPLOYMENT: named('deployment').default('gatehouse'),
  /** Where the local server listens, and its Web UI. */
  GATEHOUSE_PORT: port(7233),
  GATEHOUSE_UI_PORT: port(8233),
  /** Everything the local stack keeps lies under it. None: the user's state directory. */
  GATEHOUSE_DATA: z.string().optional(),
  /** How often, in seconds, a thing that sends no hints is looked at. */
  GATEHOUSE_LOOK_SECONDS: number('seconds, 0.1 to 86400', 0.1, 86_400).default(30),
  /** How long, in seconds, a call to the forge, an executor or any other part of the world may take before it is tried again. */
  GATEHOUSE_CALL_SECONDS: number('seconds, 1 to 86400', 1, 86_400).default(600),
  /** Cents per calendar month, over all runs. */
  GATEHOUSE_BUDGET_CENTS: number('cents, 0 or more', 0, Number.MAX_SAFE_INTEGER).optional(),
  /** Where issues are kept as Markdown. None: below GATEHOUSE_DATA. */
  GATEHOUSE_ISSUES: z.string().optional(),
  /** Live runs on one repository: a number for all together, or one for each type of task. None: no limit. */
  GATEHOUSE_TASK_LIMIT: TaskLimit.optional(),
  /** So many runs a worker keeps in memory; others are read anew when something happens to them. */
  GATEHOUSE_CACHED_RUNS: number('a number of runs, 10 to 100000', 10, 100_000).default(1_000),
  /** Whether the Web UI's tab Call Stack says where a run's code stands: for whoever works on it, at half a turn's cost. */
  GATEHOUSE_CALL_STACKS: oneOf(['off', 'on']),
  /** Every effect on the world is appended to this file, one line of JSON each. None: nothing is written down. */
  GATEHOUSE_LEDGER: z.string().optional(),
  GATEHOUSE_LOG_LEVEL: oneOf(['info', 'debug', 'warn', 'error', 'silent']),
  GATEHOUSE_FORGE: oneOf(['local']),
  GATEHOUSE_EXECUTOR: oneOf(['local']),
  GATEHOUSE_ENVIRONMENTS: oneOf(['local']),
  /** Where notices go, and which: all of them, unless an adapter says types, as in `log,webhook=ci_failed|merge_review`. */
  GATEHOUSE_NOTIFY: Routes.default([{ adapter: 'log' }]),
  /** What the webhook adapter posts to, and signs with. */
  GATEHOUSE_WEBHOOK_URL: z
    .string()
    .refine(isWebAddress, { error: 'an http or https address', abort: true })
    .refine(isOpen, { error: 'an address without credentials' })
    .optional(),
  GATEHOUSE_WEBHOOK_SECRET: z.string().min(8, { error: 'at least 8 characters' }).optional(),
  /** What the file adapter appends to. None: notices.jsonl below GATEHOUSE_DATA. */
  GATEHOUSE_NOTICES_FILE: z.string().optional(),
  /** Payloads are encrypted with the first of these keys, and read with any of them. None: they are plain JSON. */
  GATEHOUSE_CODEC_KEYS: CodecKeys.optional(),
  /** The same keys in a file, one per line: so they are in nobody's environment. */
  GATEHOUSE_CODEC_KEYS_FILE: z.string().optional(),
  /** Where `gatehouse codec` listens, which the local stack starts when there are keys. */
  GATEHOUSE_CODEC_PORT: port(8234),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  TEMPORAL_CLI_PATH: z.string().optional(),
});
export type Variables = z.output<typeof Variables>;

/** Reads the environment; empty variables count as unset. Throws one line per bad variable: its name, what was expected and found. */
export function readVariables(environment: Record<string, string | undefined>): Variables {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const { data, error } = Variables.safeParse(Object.fromEntries(set));
  const posts = data?.GATEHOUSE_NOTIFY.some(({ adapter }) => adapter === 'webhook');
  if (posts && !data?.GATEHOUSE_WEBHOOK_URL) {
    throw new BadVariables('GATEHOUSE_WEBHOOK_URL: expected an address, for GATEHOUSE_NOTIFY names webhook');
  }
  if (data) return data;
  throw new BadVariables(fieldsMessage(badFields(error, environment, isSecret)));
}

/** Variables whose values are never shown, not even a wrong one: it may be most of a key, or an address that is one. */
const isSecret = (name: string): boolean => /(?:KEYS?|SECRET|TOKEN|PASSWORD|CREDENTIALS?|URL)$/.test(name);

export class BadVariables extends Error {
  override readonly name = 'BadVariables';
}
