import { z } from 'zod';
import { NoticeType } from '../../../workflows/contracts/notices.ts';
import { Policy } from '../../../workflows/contracts/policy.ts';
import { May } from './rights.ts';
import { Agents, PRESETS, VariableName } from '../settings/agent-settings.ts';

/** What may receive a secret. Only agents can as yet: a forge has the credentials of its variables, also for submodules. */
const RECEIVERS = ['agents', 'forge', 'notify', 'environments'] as const;
const Receiver = z.enum(RECEIVERS).refine((receiver) => receiver === 'agents', {
  error: 'expected agents, as the others are not there yet',
});

const Glob = z.string().min(1).max(1_000);
const Dollars = z.number().min(0).max(1_000_000);
const Model = z.string().min(1).max(200);

const Secret = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of a variable' })
      .optional()
      .describe('The variable of the worker that holds the value. No program that the worker starts inherits it.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The file that holds the value, relative to the configuration file. A line break at its end is removed.',
      ),
    repositories: z
      .array(Glob)
      .min(1)
      .optional()
      .describe(
        'Globs over the addresses of the repositories that may use it, or over their absolute paths on this machine. Default: all.',
      ),
    for: z.array(Receiver).min(1).describe('Who may get it: `agents`.'),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: 'expected either env or file',
  });

const Price = z.strictObject({
  input: Dollars.describe('US dollars per million tokens of input.'),
  cachedInput: Dollars.optional().describe(
    'US dollars per million tokens of input that came from a cache. Default: the price of `input`.',
  ),
  output: Dollars.describe('US dollars per million tokens of output.'),
});

const { shape: policy } = Policy;
const score = (axis: string) =>
  z.number().min(0).max(1).optional().describe(`The highest ${axis} of a change that may be merged without a person.`);
const attempts = (of: string) => z.number().int().min(0).max(1_000).optional().describe(`The highest \`${of}\`.`);

/** What every run on a repository must keep to. A run may only be stricter, and each key says in which direction. */
const Floor = z.strictObject({
  maxComplexity: score('complexity'),
  maxRisk: score('risk'),
  maxImpact: score('impact'),
  ciAttempts: attempts('ciAttempts'),
  fixAttempts: attempts('fixAttempts'),
  conflictAttempts: attempts('conflictAttempts'),
  companionAttempts: attempts('companionAttempts'),
  releaseAttempts: attempts('releaseAttempts'),
  budgetCents: policy.budgetCents.describe('The highest budget of a run. It is that of runs that name none.'),
  requireSecondPerson: z.literal(true).optional().describe('Whether a second person must confirm, approve and merge.'),
  protectedPaths: policy.protectedPaths
    .unwrap()
    .optional()
    .describe('Globs of paths that are protected in addition to those of the run.'),
  reconfirm: z.literal('any').optional().describe('Whether every later commit voids a confirmation.'),
  tested: z.literal('merge-result').optional().describe('Whether the result of the merge must be tested.'),
});
export type Floor = z.output<typeof Floor>;

/** On which pull requests the run's comment and status are shown: on those that it made, on all, or on none. */
const Comment = z.enum(['ours', 'all', 'off']);

const Repository = z.strictObject({
  match: Glob.describe(
    'A glob over the addresses of repositories, or over their absolute paths on this machine. The first match counts.',
  ),
  policy: Floor.default({}).describe(
    'What runs there must keep to: limits, attempts and `budgetCents` at most so high, `requireSecondPerson: true`, ' +
      '`protectedPaths` in addition to the run’s own, `reconfirm: any`, `tested: merge-result`.',
  ),
  comment: Comment.default('ours').describe(
    'Which pull requests get the comment and the status of their run: those that runs have made (`ours`), `all`, or none (`off`).',
  ),
});

export type Repository = z.output<typeof Repository>;

const Login = z.string().min(1).max(200);
const Clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, { error: 'a time of day, such as "09:00"' });
const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};
const Quiet = z
  .strictObject({
    from: Clock.describe('When they begin, as `"18:00"`.'),
    to: Clock.describe('When they end, as `"08:00"`: on the next day, if that is earlier.'),
    zone: z
      .string()
      .max(100)
      .refine(isZone, { error: 'a time zone, such as Europe/Berlin' })
      .describe('The time zone, such as `Europe/Berlin`.'),
  })
  .refine(({ from, to }) => from !== to, { error: 'expected from and to to differ' });
export type Quiet = z.output<typeof Quiet>;

const Person = z.strictObject({
  github: Login.optional().describe('The login on GitHub.'),
  gitea: Login.optional().describe('The login on Gitea or Forgejo.'),
  email: z
    .email({ error: 'an e-mail address' })
    .max(254)
    .regex(/^[^\s<>,;:"()[\]\\]+$/, { error: 'an e-mail address' })
    .optional()
    .describe('The address to which notices are mailed.'),
  slack: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,30}$/, { error: 'the id of a member of Slack, such as U012AB3CD' })
    .optional()
    .describe('The member id in Slack, such as `U012AB3CD`.'),
  quiet: Quiet.optional().describe('When notices that are not urgent wait. They are sent at the end.'),
  digest: Clock.optional().describe(
    'When a digest of what waits for the person is sent, as `"09:00"`, in the zone of `quiet`, else in UTC. Default: none.',
  ),
  oidc: Login.optional().describe('The `sub` that the OpenID Connect provider gives this person.'),
});
export type Person = z.output<typeof Person>;

/** What notices can be routed to. */
export const ROUTED = ['log', 'file', 'webhook', 'slack', 'email'] as const;

const Route = z
  .strictObject({
    to: z
      .enum(ROUTED, { error: `one of ${ROUTED.join(', ')}` })
      .describe('`log`, `file`, `webhook`, `slack` or `email`.'),
    channel: z
      .string()
      .regex(/^(?:#[^\s#]{1,80}|[CG][A-Z0-9]{2,30})$/, { error: 'a channel, such as #ship or its id' })
      .optional()
      .describe('The channel in Slack. Default: messages to the people.'),
    people: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(1_000)
      .optional()
      .describe('The people who get them, by their names. Default: everybody who may act.'),
    types: z.array(NoticeType).min(1).optional().describe('The types of notices. Default: all.'),
    repositories: z
      .array(Glob)
      .min(1)
      .optional()
      .describe('Globs over the addresses of the repositories whose notices go there. Default: all.'),
  })
  .refine(({ to, channel }) => channel === undefined || to === 'slack', {
    path: ['channel'],
    error: 'expected no channel, which only slack has',
  })
  .refine(({ to, people }) => people === undefined || to === 'slack' || to === 'email', {
    path: ['people'],
    error: 'expected no people, whom only slack and email reach',
  })
  .refine(({ channel, people }) => channel === undefined || people === undefined, {
    error: 'expected either channel or people',
  });

const Name = z.string().min(1).max(200);
/** `"*"` alone is short for that one name. */
const People = z.preprocess((written) => (written === '*' ? { '*': {} } : written), z.record(Name, Person).default({}));

const Role = z.strictObject({
  people: z.array(Name).min(1).describe('The names of `people` that have the role.'),
  may: z.array(May).min(1).describe('What they may: `see`, `start`, `start:local`, `override`, and names of actions.'),
  repositories: z.array(Glob).min(1).optional().describe('Globs over addresses of repositories. Default: all.'),
  bases: z.array(Glob).min(1).optional().describe('Globs over the bases of changes. Default: all.'),
});
export type Role = z.output<typeof Role>;

/** The configuration file as it is written. Editors and CONFIGURATION.md show the description of each key. */
export const ConfigurationFile = z.strictObject({
  defaults: z
    .strictObject({
      agents: Agents.default({}).describe(
        'The agents of repositories without `.gatehouse.yml`, or without `agents` in it.',
      ),
    })
    .prefault({})
    .describe(
      'What applies to repositories on a forge that do not decide it themselves. Repositories on disk have no defaults.',
    ),
  notify: z
    .array(Route)
    .min(1)
    .max(100)
    .optional()
    .describe('Where notices go. Each goes to every entry that it fits. Default: what `GATEHOUSE_NOTIFY` says.'),
  people: People.describe(
    'People by the names with which they act here, and their accounts. `"*"`: everybody who can sign in may see runs.',
  ),
  prices: z
    .record(Model, Price)
    .default({})
    .describe('The prices of models by name. They turn tokens into a cost where an agent reports only tokens.'),
  repositories: z
    .array(Repository)
    .max(1_000)
    .default([])
    .describe('What holds for the repositories that a glob matches. The first entry that matches counts.'),
  roles: z
    .record(Name, Role)
    .default({})
    .describe('Who may do what, and where. Without roles, everybody under `people` may do everything.'),
  secrets: z
    .record(VariableName, Secret)
    .default({})
    .describe('References to secrets by name. An agent that names a secret gets its value as a variable of that name.'),
  signIn: z
    .array(z.enum(PRESETS))
    .transform((presets) => [...new Set(presets)])
    .default([])
    .describe('The presets whose sign-in on this machine isolated jobs may read. Default: none.'),
});
export type ConfigurationFile = z.output<typeof ConfigurationFile>;
export type Secret = z.output<typeof Secret>;

/** Keys that are documented, and that only later versions read. */
export const LATER =
  /^(?:repositories\[\d+\]\.(?:approvals|onIssueLabel|queue)|pools|environments|freezes|schedules|gates|defaults\.container|defaults\.agents\..+\.pool)$/;

/** Values that may be a secret by mistake: whatever is written below `secrets` or `env`, but `for` and globs. */
export const isHidden = (path: string): boolean =>
  (/^secrets(?:\.|$)/.test(path) && !/\.(?:for|repositories)(?:\[\d+\])?$/.test(path)) ||
  /^defaults\.agents\..+\.env(?:\.|$)/.test(path);
