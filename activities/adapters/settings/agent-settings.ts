import { z } from 'zod';

/** The coding agents that gatehouse knows how to run. */
export const PRESETS = ['claude-code', 'codex', 'gemini', 'opencode'] as const;
export type PresetName = (typeof PRESETS)[number];

/** How a role's agent is run: by a command, by the Agent Client Protocol, or by a preset. */
export type AgentSettings =
  | { is: 'command'; command: string; secrets: string[] }
  | {
      is: 'acp';
      /** The command that starts a program that speaks the Agent Client Protocol. */
      command: string;
      model?: string | undefined;
      /** The session mode to choose, for programs that offer several. */
      mode?: string | undefined;
      arguments: string[];
      env: Record<string, string>;
      secrets: string[];
    }
  | {
      is: 'preset';
      preset: PresetName;
      model?: string | undefined;
      arguments: string[];
      env: Record<string, string>;
      secrets: string[];
    };

const withoutNul = (what: string) => ({
  check: (text: string) => !text.includes('\0'),
  params: { error: `expected ${what} without a NUL character` },
});
const aCommand = withoutNul('a command');
const aText = withoutNul('a text');

export const Command = z.string().trim().min(1).max(10_000).refine(aCommand.check, aCommand.params);
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'a name of letters, digits, ".", "_", "-"' });

/** A variable of a program. Those of gatehouse and Temporal never reach a program, so they cannot be set for one. */
export const VariableName = z.string().regex(/^(?!GATEHOUSE_|TEMPORAL_)[A-Za-z_][A-Za-z0-9_]{0,99}$/, {
  error: 'a variable name of letters, digits and "_" that does not begin with GATEHOUSE_ or TEMPORAL_',
});

/** Shorter values occur everywhere in texts, so they cannot be kept out of logs. In characters, without spaces around them. */
export const SHORTEST_SECRET = 4;

const Text = z.string().max(10_000).refine(aText.check, aText.params);
/** A model or mode becomes an argument of a program, so it must not look like an option. */
const Choice = z
  .string()
  .regex(/^[A-Za-z0-9][!-~]{0,199}$/, { error: 'a name without spaces, of at most 200 characters' });

const common = {
  secrets: z
    .array(VariableName)
    .max(50)
    .transform((names) => [...new Set(names)])
    .default([])
    .describe('The names of secrets of the configuration file that the agent gets as variables. Default: none.'),
};
const program = {
  model: Choice.optional().describe(
    "The model to use, by the program's own name for it. Default: the program's choice.",
  ),
  arguments: z.array(Text).max(100).default([]).describe('More arguments for the program. Default: none.'),
  env: z
    .record(VariableName, Text)
    .default({})
    .describe('More variables for the program. Default: none. Secrets belong in `secrets`.'),
  ...common,
};

/** A program has one value per variable, and nobody should have to guess which one. */
function oneValueEach({ env, secrets }: { env: object; secrets: string[] }, ctx: z.core.$RefinementCtx): void {
  for (const [index, name] of secrets.entries()) {
    const path = ['secrets', index]; // not that of env, whose value would be shown
    if (Object.hasOwn(env, name)) ctx.addIssue({ code: 'custom', path, message: 'expected a name that env lacks' });
  }
}

/** The forms of an agent that are objects. Editors and CONFIGURATION.md show the description of each key. */
export const AGENT_FORMS = {
  command: z.strictObject({
    command: Command.describe(
      "A command that follows the agents' contract. A text instead of an object means the same.",
    ),
    ...common,
  }),
  acp: z
    .strictObject({
      acp: Command.describe('A command that starts a program that speaks the Agent Client Protocol.'),
      mode: Choice.optional().describe(
        "The session mode to choose, if the program offers several. Default: the program's choice.",
      ),
      ...program,
    })
    .superRefine(oneValueEach),
  use: z
    .strictObject({
      use: z.enum(PRESETS).describe('A coding agent that gatehouse knows how to run.'),
      ...program,
    })
    .superRefine(oneValueEach),
};
type Form = keyof typeof AGENT_FORMS;
const FORMS = Object.keys(AGENT_FORMS) as Form[];

/**
 * An agent as it is written in a file: a command, or an object of one form. The form is chosen by its key, so that errors
 * name the bad key of that form.
 */
export const AgentWritten = z.unknown().transform((raw, ctx): AgentSettings => {
  const form = typeof raw === 'object' && raw !== null ? FORMS.find((key) => Object.hasOwn(raw, key)) : undefined;
  if (form === undefined && typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    const expected = `expected a command, or an object with one of ${FORMS.join(', ')}, found an object without them`;
    ctx.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  }
  const read = form === undefined ? Command.safeParse(raw) : AGENT_FORMS[form].safeParse(raw);
  if (!read.success) {
    for (const issue of read.error.issues) ctx.issues.push({ ...issue, input: raw } as z.core.$ZodRawIssue);
    return z.NEVER;
  }
  return normalised(read.data);
});

type Written = string | { [Key in Form]: z.output<(typeof AGENT_FORMS)[Key]> }[Form];

function normalised(written: Written): AgentSettings {
  if (typeof written === 'string') return { is: 'command', command: written, secrets: [] };
  if ('command' in written) return { is: 'command', ...written };
  if ('acp' in written) {
    const { acp: command, ...rest } = written;
    return { is: 'acp', command, ...rest };
  }
  const { use: preset, ...rest } = written;
  return { is: 'preset', preset, ...rest };
}

/** Agents by role. `default` serves all other roles. */
export const Agents = z.record(Name, AgentWritten);
export type Agents = z.output<typeof Agents>;

/** The agent of a role, or the one for all other roles. Undefined if there is neither. */
export const agentFor = (agents: Agents, role: string): AgentSettings | undefined =>
  Object.hasOwn(agents, role) ? agents[role] : agents['default'];
