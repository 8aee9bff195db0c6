import { z } from 'zod';
import { Agents, PRESETS, VariableName } from '../settings/agent-settings.ts';

/** What may receive a secret. Only agents can as yet. */
const RECEIVERS = ['agents', 'forge', 'notify', 'environments'] as const;
const Receiver = z
  .enum(RECEIVERS)
  .refine((receiver) => receiver === 'agents', { error: 'expected agents, as the others are not there yet' });

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
  prices: z
    .record(Model, Price)
    .default({})
    .describe('The prices of models by name. They turn tokens into a cost where an agent reports only tokens.'),
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
  /^(?:people|roles|repositories|pools|environments|notify|freezes|schedules|gates|defaults\.container|defaults\.agents\..+\.pool)$/;

/** Values that may be a secret by mistake: whatever is written below `secrets` or `env`, but `for` and globs. */
export const isHidden = (path: string): boolean =>
  (/^secrets(?:\.|$)/.test(path) && !/\.(?:for|repositories)(?:\[\d+\])?$/.test(path)) ||
  /^defaults\.agents\..+\.env(?:\.|$)/.test(path);
