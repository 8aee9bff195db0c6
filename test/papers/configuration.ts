import { z } from 'zod';
import { preset as claudeCode } from '../../activities/adapters/agents/presets/claude-code.ts';
import { preset as codex } from '../../activities/adapters/agents/presets/codex.ts';
import { preset as gemini } from '../../activities/adapters/agents/presets/gemini.ts';
import { preset as opencode } from '../../activities/adapters/agents/presets/opencode.ts';
import { ConfigurationFile } from '../../activities/adapters/configuration/schema.ts';
import { AGENT_FORMS } from '../../activities/adapters/settings/agent-settings.ts';
import { RepositorySettings } from '../../activities/adapters/settings/repository-settings.ts';
import { Script } from '../../client/offline/script.ts';
import { ChangeInput } from '../../workflows/contracts/change.ts';
import { runInputOf, TaskInput } from '../../workflows/contracts/pipeline-run.ts';
import { BUILT_IN, CommonKeys } from '../../workflows/contracts/pipelines.ts';
import { Policy } from '../../workflows/contracts/policy.ts';
import { Variables } from '../../worker/configuration/variables.ts';
import { gateFor, kinds } from '../../workflows/gates/index.ts';
import { commentsOf } from './comments.ts';
import { variableComments } from './variables.ts';

type Shape = Readonly<Record<string, z.ZodType>>;
type Row = readonly string[];

/** The generated parts of CONFIGURATION.md, by their names in its markers. */
const PARTS: Record<string, () => string> = {
  variables: () => table(KEYS('Variable'), rowsOf(Variables.shape, variableComments())),
  settings: () => table(KEYS('Key'), rowsOf(RepositorySettings.shape, DESCRIBED, { deep: true })),
  agents: () => table(['Kinds', ...KEYS('Key')], agentRows()),
  presets: () => table(['Preset', 'Program', 'To get it', 'Its sign-in, below the home folder'], presetRows()),
  configuration: () => {
    const { defaults, people, prices, repositories, roles, secrets, signIn } = ConfigurationFile.shape;
    const shape: Shape = {
      defaults,
      people,
      ...keysOf('people.<name>.', people.out.unwrap().valueType),
      prices,
      ...keysOf('prices.<model>.', prices.unwrap().valueType),
      repositories,
      ...keysOf('repositories[].', repositories.unwrap().element),
      roles,
      ...keysOf('roles.<name>.', roles.unwrap().valueType),
      secrets,
      ...keysOf('secrets.<name>.', secrets.unwrap().valueType),
      signIn,
    };
    return table(KEYS('Key'), rowsOf(shape, DESCRIBED, { deep: true }));
  },
  input: () => {
    // Pipelines and the policy have tables of their own. `resume` is for `retry` alone.
    const { resume, ...run } = runInputOf(z.any()).shape;
    void resume;
    const comments = [
      ...commentsOf('workflows/contracts/pipeline-run.ts', 'runInputOf'),
      ...prefixed('task.', commentsOf('workflows/contracts/pipeline-run.ts', 'Task')),
      ...prefixed('task.estimate.', commentsOf('workflows/contracts/pipeline-run.ts', 'Estimate')),
      ...prefixed('change.', commentsOf('workflows/contracts/change.ts', 'ChangeInput')),
    ];
    const shape: Shape = {
      ...run,
      task: TaskInput,
      change: ChangeInput,
      pipeline: z.union([z.string(), z.looseObject({})]),
      policy: z.looseObject({}).default({}),
    };
    return table(KEYS('Key'), rowsOf(shape, new Map(comments), { deep: true }));
  },
  policy: () => table(KEYS('Key'), rowsOf(Policy.shape, commentsOf('workflows/contracts/policy.ts', 'keys'))),
  common: () => {
    const comments = [
      ...commentsOf(PIPELINES, 'CommonKeys'),
      ...prefixed('when.', commentsOf(PIPELINES, 'When')),
      ...prefixed('consensus.', commentsOf(PIPELINES, 'Consensus')),
    ];
    return table(KEYS('Key'), rowsOf(CommonKeys, new Map(comments), { deep: true }));
  },
  options: () => table(['Steps', ...KEYS('Option')], optionRows()),
  pipelines: () =>
    table(
      ['Pipeline', 'Steps'],
      Object.entries(BUILT_IN).map(([name, steps]) => [
        code(name),
        steps.map(({ kind, approval }) => code(kind) + (approval ? ' (approval)' : '')).join(', '),
      ]),
    ),
  script: () => {
    const comments = [
      ...commentsOf('client/offline/script.ts', 'Script'),
      ...prefixed('jobs.<role>[].', commentsOf('client/offline/script.ts', 'End')),
    ];
    const { jobs, ...others } = Script.shape;
    const end = (jobs.unwrap().valueType as z.ZodArray<z.ZodObject>).element;
    const ends = Object.entries(end.shape).map(([key, type]) => [`jobs.<role>[].${key}`, type as z.ZodType]);
    return table(KEYS('Key'), rowsOf({ jobs, ...Object.fromEntries(ends), ...others }, new Map(comments)));
  },
};

/** The keys have descriptions, which editors show too. */
const DESCRIBED = new Map<string, string>();
const PIPELINES = 'workflows/contracts/pipelines.ts';
const KEYS = (what: string) => [what, 'Value', 'Default', 'What it does'];

/** Regenerates the parts of the document. The text between them is written by hand. */
export function refreshed(paper: string): string {
  const seen = new Set<string>();
  const text = paper.replace(
    /(<!-- generated from the schemas: (\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, head: string, name: string, end: string) => {
      seen.add(name);
      const part = PARTS[name];
      if (!part) throw new Error(`CONFIGURATION.md: unknown part ${name}`);
      return `${head}\n${part()}\n\n${end}`;
    },
  );
  const missing = Object.keys(PARTS).filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`CONFIGURATION.md lacks ${missing.join(', ')}`);
  return text;
}

/** One row per key. Its description, or else the comment above it, says what it does. */
function rowsOf(shape: Shape, comments: Map<string, string>, { deep = false, prefix = '' } = {}): Row[] {
  return Object.entries(shape).flatMap(([name, type]) => {
    const key = prefix + name;
    const comment = type.description ?? comments.get(key);
    if (comment === undefined) throw new Error(`${key} needs a description, or a comment above it`);
    const row = [code(key), valueOf(name, type), defaultOf(type), comment];
    const inner = deep ? innerOf(type) : undefined;
    return [row, ...(inner ? rowsOf(inner, comments, { deep, prefix: `${key}.` }) : [])];
  });
}

/** The keys of an object's schema, optional or not. */
function innerOf(type: z.ZodType): Shape | undefined {
  if (type instanceof z.ZodOptional || type instanceof z.ZodPrefault) return innerOf(type.unwrap() as z.ZodType);
  return type instanceof z.ZodObject ? (type.shape as Shape) : undefined;
}

/** An object's keys, as those of another one at a path. */
const keysOf = (prefix: string, { shape }: z.ZodObject): Shape =>
  Object.fromEntries(Object.entries(shape).map(([key, type]) => [prefix + key, type as z.ZodType]));

/** The keys of agents, each with the kinds that have it. */
function agentRows(): Row[] {
  const rows = new Map<string, [kinds: string[], row: Row]>();
  for (const [kind, { shape }] of Object.entries(AGENT_FORMS)) {
    for (const row of rowsOf(shape as Shape, DESCRIBED)) {
      const known = rows.get(row[0]!);
      if (known) known[0].push(code(kind));
      else rows.set(row[0]!, [[code(kind)], row]);
    }
  }
  return [...rows.values()].map(([of, row]) => [of.join(', '), ...row]);
}

const presetRows = (): Row[] =>
  [claudeCode, codex, gemini, opencode].map(({ name, program, install, signIn }) => [
    code(name),
    code(program),
    code(install),
    signIn.map(code).join(', '),
  ]);

/** Gates that share a file share their options. */
function optionRows(): Row[] {
  const rows = new Map<string, [kinds: string[], row: Row]>();
  for (const kind of kinds) {
    const shape = gateFor(kind).options.shape as Shape;
    const file = Object.keys(OPTIONS).find((name) => OPTIONS[name]!.includes(kind));
    if (Object.keys(shape).length === 0) continue;
    if (!file) throw new Error(`${kind} has options: add the file that defines them to test/papers/configuration.ts`);
    for (const [key, value, otherwise, what] of rowsOf(shape, commentsOf(`workflows/gates/${file}`, 'options'))) {
      const known = rows.get(file + key);
      if (known) known[0].push(code(kind));
      else rows.set(file + key, [[code(kind)], [key!, value!, otherwise!, what!]]);
    }
  }
  return [...rows.values()].map(([of, row]) => [of.join(', '), ...row]);
}

/** The files of `workflows/gates/` that define options, and the gates that have these options. */
const OPTIONS: Record<string, string[]> = {
  'human-test.ts': ['human-test'],
  'tester.ts': ['tester'],
  'ci.ts': ['ci'],
  'conflicts.ts': ['conflicts'],
  'companion.ts': ['reviewer', 'architect-companion', 'spec-companion'],
  'review.ts': ['requirements-review', 'clarity-review'],
  'release.ts': ['post-release-health'],
};

interface Json {
  anyOf?: unknown[];
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  default?: unknown;
  additionalProperties?: unknown;
}

/** A transformed value is described as it is written. */
function jsonOf(type: z.ZodType): Json {
  const [output, input] = (['output', 'input'] as const).map(
    (io) => z.toJSONSchema(type, { unrepresentable: 'any', io }) as Json,
  );
  return output!.type !== undefined || output!.anyOf || output!.enum ? output! : { ...output, ...input };
}

/** The allowed values, in words. The unit of a number is part of its key. */
function valueOf(name: string, type: z.ZodType): string {
  const json = jsonOf(type);
  if (json.enum) return json.enum.map(code).join(', ');
  if (json.anyOf) return 'name or object';
  switch (json.type) {
    case 'number':
    case 'integer':
      return `${unitOf(name)}${rangeOf(json)}`;
    case 'boolean':
      return `${code('true')}, ${code('false')}`;
    case 'array':
      return 'list';
    case 'object':
      return 'object';
    default:
      return json.type === 'string' || /^[A-Z]/.test(name) ? 'text' : 'any';
  }
}

function unitOf(name: string): string {
  const unit = /(?:seconds|minutes|cents|port)$/i.exec(name)?.[0].toLowerCase();
  return unit === 'port' ? 'port' : (unit ?? 'number');
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: Json): string {
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (exclusiveMinimum !== undefined) return `, over ${exclusiveMinimum}${most === undefined ? '' : ` to ${most}`}`;
  if (minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER) return '';
  return most === undefined ? `, ${minimum} or more` : `, ${minimum} to ${most}`;
}

function defaultOf(type: z.ZodType): string {
  if (!type.safeParse(undefined).success) return '_required_';
  const { default: value } = jsonOf(type);
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return '';
  const texts = (Array.isArray(value) ? value : [value]).map((each: unknown) =>
    code(typeof each === 'object' && each !== null ? String(Object.values(each)[0]) : String(each)),
  );
  return texts.join(', ');
}

const code = (text: string) => `\`${text}\``;

const prefixed = (prefix: string, comments: Map<string, string>) =>
  [...comments].map(([key, comment]) => [prefix + key, comment] as const);

/** A table as prettier writes it. */
function table(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
