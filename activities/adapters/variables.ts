import { z } from 'zod';
import { NoticeType } from '../../workflows/contracts/notices.ts';
import { VENDORS } from './index.ts';
import { ISOLATIONS } from './processes/isolation/use.ts';

const all = Object.entries(VENDORS);
/** The schema of a variable that names one of these. Default: the first. */
export const oneOf = <const Name extends string>(names: readonly Name[]) =>
  z.enum(names, { error: `one of ${names.join(', ')}` }).default(names[0] as Name);

/** The vendors of forges on other machines. */
const HOSTED = all.flatMap(([name, { forge }]) => (forge?.hosted ? [name] : []));
const FORGES = { error: `one of ${HOSTED.join(', ')}` };

/** An earlier value of `GATEHOUSE_FORGE`. A path is always local, and nothing else is. */
const LOCAL = 'local';

/** A warning for each variable that is set and ignored. */
export const ignoredIn = ({ GATEHOUSE_FORGE: forge }: Record<string, string | undefined>): string[] =>
  forge === LOCAL ? ['GATEHOUSE_FORGE=local is ignored: paths are always local, and nothing else is'] : [];

/** The names of all notifiers. */
export const NOTIFIERS: readonly string[] = all.flatMap(([, { notifiers = {} }]) => Object.keys(notifiers));

/** One destination of notices, and the types that go there. Without types, all go there. */
export interface Route {
  adapter: string;
  types?: NoticeType[];
}

const ROUTES = `a list of ${NOTIFIERS.join(', ')} without repeats, optionally with types, as in log,webhook=ci_failed|merge_review`;

const routeOf = (text: string): Route | { expected: string } => {
  const [name = '', named, ...more] = text.split('=').map((part) => part.trim());
  if (!NOTIFIERS.includes(name) || more.length > 0) return { expected: ROUTES };
  if (named === undefined) return { adapter: name };
  const types = z.array(NoticeType).safeParse(named.split('|').map((type) => type.trim()));
  const expected = `types after ${name}= among ${NoticeType.options.join(', ')}`;
  return types.success ? { adapter: name, types: types.data } : { expected };
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

type Shapes = (typeof VENDORS)[keyof typeof VENDORS]['variables'];
type All<Union> = (Union extends unknown ? (each: Union) => void : never) extends (every: infer Every) => void
  ? Every
  : never;
type VendorShape = All<Shapes>;
export const vendorVariables: VendorShape = Object.assign({}, ...all.map(([, { variables }]) => variables));

/** A container engine is documented, and comes later. */
const Isolation = z
  .enum([...ISOLATIONS, 'docker'], { error: `one of ${ISOLATIONS.join(', ')}` })
  .refine((name) => name !== 'docker', { error: `one of ${ISOLATIONS.join(', ')}, as docker is not there yet` })
  .transform((name) => name as (typeof ISOLATIONS)[number]);

/** The variables that choose adapters, and those that adapters read. Each comment is a description in CONFIGURATION.md. */
export const adapterVariables = {
  /** The forge of repositories written as `OWNER/NAME`. Default: the only forge on another machine that is configured. */
  GATEHOUSE_FORGE: z.preprocess((name) => (name === LOCAL ? undefined : name), z.enum(HOSTED, FORGES).optional()),
  /**
   * How agents, checks and previews are kept from this machine: `none`, or `bubblewrap`. Default: `bubblewrap` for
   * repositories on other machines, `none` for those on disk.
   */
  GATEHOUSE_ISOLATION: Isolation.optional(),
  /**
   * The notifiers that deliver notices, such as `log`, `file` and `webhook`. Each delivers all notices, or only the types
   * named after it, as in `log,webhook=ci_failed|merge_review`.
   */
  GATEHOUSE_NOTIFY: Routes.default([{ adapter: 'log' }]),
  /**
   * A file to which one JSON line is appended for every external effect: jobs, pushes, merges, environments, notices.
   * Default: no record.
   */
  GATEHOUSE_LEDGER: z.string().optional(),
  /** The name of the commits that gatehouse makes on hosted forges. Default: that of the app's bot, else `gatehouse`. */
  GATEHOUSE_GIT_NAME: z.string().min(1).optional(),
  /** The e-mail of the commits that gatehouse makes on hosted forges. Default: that of the app's bot, else `gatehouse@localhost`. */
  GATEHOUSE_GIT_EMAIL: z.string().min(1).optional(),
  ...vendorVariables,
};
export type AdapterVariables = z.output<z.ZodObject<typeof adapterVariables>>;

/** Returns a line for each variable that a chosen notifier needs and that is not set. */
export const lacking = (variables: AdapterVariables): string[] =>
  variables.GATEHOUSE_NOTIFY.flatMap(({ adapter }) => notifierNamed(adapter).lacks?.(variables) ?? []);

/** The adapter that delivers notices by this name. */
export function notifierNamed(name: string) {
  for (const [, { notifiers = {} }] of all) if (notifiers[name]) return notifiers[name];
  throw new Error(`No adapter delivers notices to ${name}.`);
}
