import { agentFor } from '../../../../activities/adapters/settings/agent-settings.ts';
import { agentsOf } from '../../../../activities/adapters/settings/reading.ts';
import { parseSettings } from '../../../../activities/adapters/settings/repository-settings.ts';

const program = { arguments: [], env: {}, secrets: [] };

it.each([
  ['node x', { is: 'command', command: 'node x', secrets: [] }],
  ['{ command: node x }', { is: 'command', command: 'node x', secrets: [] }],
  ['{ command: node x, secrets: [A, B, A] }', { is: 'command', command: 'node x', secrets: ['A', 'B'] }],
  ['{ acp: opencode acp }', { is: 'acp', command: 'opencode acp', ...program }],
  [
    '{ acp: x, model: a/b:c, mode: build, arguments: [--quiet, ""], env: { LEVEL: "3" }, secrets: [KEY] }',
    {
      is: 'acp',
      command: 'x',
      model: 'a/b:c',
      mode: 'build',
      arguments: ['--quiet', ''],
      env: { LEVEL: '3' },
      secrets: ['KEY'],
    },
  ],
  ['{ use: codex }', { is: 'preset', preset: 'codex', ...program }],
  ['{ use: claude-code, model: "opus[1m]" }', { is: 'preset', preset: 'claude-code', model: 'opus[1m]', ...program }],
])('the agent %s is read', (written, agent) => {
  expect(parseSettings(`agents: { fixer: ${written} }`)).toMatchObject({ settings: { agents: { fixer: agent } } });
});

it.each<[string, string, string]>([
  ['7', '', 'expected string, found 7'],
  ['[npm, test]', '', 'expected string, found a list of 2'],
  ['null', '', 'expected string, found null'],
  ['" "', '', "expected at least 1 character, found ' '"],
  ['{}', '', 'expected a command, or an object with one of command, acp, use, found an object without them'],
  ['{ model: x }', '', 'expected a command, or an object with one of command, acp, use, found an object without them'],
  ['{ use: codec }', '.use', "expected one of claude-code, codex, gemini, opencode, found 'codec'"],
  ['{ use: codex, mode: x }', '.mode', "expected no such key here, found 'x'"],
  ['{ use: codex, acp: x }', '.use', "expected no such key here, found 'codex'"],
  ['{ command: x, pool: gpu }', '.pool', "not there yet: expected no such key, found 'gpu'"],
  ['{ command: x, model: y }', '.model', "expected no such key here, found 'y'"],
  ['{ acp: "" }', '.acp', "expected at least 1 character, found ''"],
  ['{ acp: x, model: --yolo }', '.model', "expected a name without spaces, of at most 200 characters, found '--yolo'"],
  ['{ acp: x, arguments: --quiet }', '.arguments', "expected array, found '--quiet'"],
  ['{ acp: x, arguments: [1] }', '.arguments[0]', 'expected string, found 1'],
  ['{ acp: x, arguments: ["a\\0"] }', '.arguments[0]', 'expected a text without a NUL character'],
  ['{ acp: x, env: { A: 1 } }', '.env.A', 'expected string, found 1'],
  ['{ acp: x, env: { GATEHOUSE_RESULT: y } }', '.env.GATEHOUSE_RESULT', 'expected a variable name of letters'],
  ['{ acp: x, secrets: [A B] }', '.secrets[0]', 'expected a variable name of letters'],
  ['{ acp: x, env: { A: b, C: d }, secrets: [B, C] }', '.secrets[1]', "expected a name that env lacks, found 'C'"],
  ['{ use: codex, env: { A: b }, secrets: [A] }', '.secrets[0]', "expected a name that env lacks, found 'A'"],
  [`{ use: "${'x'.repeat(200)}" }`, '.use', `found '${'x'.repeat(80)}…'`],
])('the agent %s is refused at its path', (written, at, expected) => {
  expect(parseSettings(`agents: { fixer: ${written} }`)).toEqual({
    fields: [{ path: `.gatehouse.yml:agents.fixer${at}`, expected: expect.stringContaining(expected) }],
  });
});

it.each([
  ['ci: { required: [build], reruns: 1 }', 'ci.reruns'],
  ['ci: { deterministic: [build] }', 'ci.deterministic'],
  ['container: { image: x }', 'container'],
  ['commands: { load: x }', 'commands'],
  ['environment: { start: x, compose: y }', 'environment.compose'],
  ['environment: { start: x, http: y }', 'environment.http'],
  ['agents: { a.b: { command: x, pool: y } }', 'agents.a.b.pool'],
])('%s is refused as not there yet', (text, at) => {
  const expected = expect.stringMatching(/^not there yet: expected no such key, found /);
  expect(parseSettings(text)).toEqual({ fields: [{ path: `.gatehouse.yml:${at}`, expected }] });
});

it.each([
  ['chekcs: 1', 'chekcs', 'expected no such key here, found 1'],
  [
    'checks: { test: a }\nchecks: {}',
    '',
    "expected YAML: Map keys must be unique at line 2, column 1, found 'checks: {}'",
  ],
  ['checks: *none', '', 'expected YAML: Unresolved alias (the anchor must be set before the alias): none'],
  ['checks: &a { b: *a }', '', 'expected YAML: few aliases and little nesting'],
  // Where the stack of the library's recursion overflowed, Node ended the whole process.
  ['['.repeat(50_000), '', 'expected YAML: at most 100 levels of nesting'],
  ['- '.repeat(40_000), '', 'expected YAML: at most 100 levels of nesting'],
  [`checks: ${'{ a: '.repeat(15_000)}1${'}'.repeat(15_000)}`, '', 'expected YAML: at most 100 levels of nesting'],
  ['checks: {}\n---\nchecks: {}', '', 'expected one YAML document, found more than one'],
  ['checks: { __proto__: x }', 'checks.__proto__', "expected another name, found '__proto__'"],
  ['x'.repeat(100_001), '', 'expected at most 100000 characters, found 100001'],
])('fault %# is reported with what was found', (text, at, expected) => {
  expect(parseSettings(text)).toEqual({ fields: [{ path: `.gatehouse.yml${at && `:${at}`}`, expected }] });
});

it('of very many faults, only the first are reported', () => {
  const { fields } = parseSettings(Array.from({ length: 500 }, (_, at) => `k${at}: 1`).join('\n')) as {
    fields: object[];
  };
  expect(fields).toHaveLength(51);
  expect(fields.at(-1)).toEqual({ path: '.gatehouse.yml', expected: 'expected no faults, found 450 more' });
});

describe('the agents of a change', () => {
  const change = { repository: '/shop', basis: 'b' };
  const from = (text: string | undefined) => ({ fileAt: async () => text });
  const { settings } = parseSettings('agents: { default: operators }') as { settings: { agents: object } };
  const defaults = { agents: settings.agents as never, at: 'gatehouse.yml:defaults.agents' };
  const none = { agents: {}, at: 'gatehouse.yml:defaults.agents' };

  it.each([
    ['its own', 'agents: { fixer: own }', defaults, '.gatehouse.yml:agents', undefined],
    [
      'the defaults of the operator, without the file',
      undefined,
      defaults,
      'gatehouse.yml:defaults.agents',
      'operators',
    ],
    ['the defaults, without agents in the file', 'checks: {}', defaults, 'gatehouse.yml:defaults.agents', 'operators'],
    ['none, without defaults', 'checks: {}', none, '.gatehouse.yml:agents', undefined],
    ['none, where defaults do not apply', 'checks: {}', undefined, '.gatehouse.yml:agents', undefined],
  ])('are %s', async (_, text, otherwise, at, command) => {
    const found = await agentsOf(from(text), change, otherwise);
    expect(found.at).toBe(at);
    expect(agentFor(found.agents, 'coder')).toEqual(command && { is: 'command', command, secrets: [] });
  });
});
