import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfiguration } from '../activities/adapters/configuration/configuration.ts';
import { PRESETS } from '../activities/adapters/settings/agent-settings.ts';
import { parseSettings } from '../activities/adapters/settings/repository-settings.ts';
import { COMMANDS } from '../client/cli/command-list.ts';
import { actions } from '../workflows/contracts/messages.ts';
import { NoticeType } from '../workflows/contracts/notices.ts';
import { BUILT_IN } from '../workflows/contracts/pipelines.ts';
import { readVariables, Variables } from '../worker/configuration/variables.ts';
import { gateFor, kinds, RunInput } from '../workflows/gates/index.ts';
import { refreshed } from './papers/configuration.ts';
import { sampleRefreshed } from './papers/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const papers = [...readdirSync(root).filter((name) => name.endsWith('.md')), '.github/SECURITY.md'];
const blocksOf = (paper: string, language: string) =>
  [...read(paper).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block]) => block!);

/** `#NAME=value` of .env.example. */
const sample = Object.fromEntries(
  [...read('.env.example').matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
);

it('README is at most 150 lines', () => {
  expect(read('README.md').split('\n').length - 1).toBeLessThanOrEqual(150);
});

it('CONFIGURATION matches the schemas; otherwise run npm run papers', () => {
  expect(read('CONFIGURATION.md')).toBe(refreshed(read('CONFIGURATION.md')));
});

it('.env.example matches the schemas; otherwise run npm run papers', () => {
  expect(read('.env.example')).toBe(sampleRefreshed(read('.env.example')));
});

it.each(Object.keys(Variables.shape))('CONFIGURATION and .env.example name %s', (name) => {
  expect(read('CONFIGURATION.md')).toContain(`\`${name}\``);
  expect(sample).toHaveProperty(name);
});

it.each(Object.keys(sample))('CONFIGURATION explains %s of .env.example', (name) => {
  expect(read('CONFIGURATION.md')).toContain(`\`${name}\``);
});

it('.env.example shows the actual defaults', () => {
  const { TEMPORAL_NAMESPACE, ...ours } = readVariables(sample);
  expect(ours).toEqual(readVariables({}));
  expect(TEMPORAL_NAMESPACE).toBe('default');
});

it.each([...Object.keys(actions), ...NoticeType.options, ...kinds])('CONFIGURATION names %s', (name) => {
  expect(read('CONFIGURATION.md')).toContain(`\`${name}\``);
});

it.each(kinds)('the table of steps lists the common keys that %s takes', (kind) => {
  const [, steps = ''] = read('CONFIGURATION.md').split(/^#+ Steps$/m);
  const rows = [...steps.matchAll(/^\| (`.+`) +\| .+ \| (.*) \|$/gm)];
  const [, , keys = ''] = rows.find(([, named]) => named!.split(/[ ,|]+/).includes(`\`${kind}\``)) ?? [];
  const { takes } = gateFor(kind);
  const taken = (['approval', 'when', 'consensus'] as const).filter((key) => takes[key]);
  expect(keys.match(/\w+/g) ?? []).toEqual(taken);
});

it.each([...read('test/architecture.test.ts').matchAll(/^ {2}'?([\w/-]+)'?: \[/gm)].map(([, room]) => room!))(
  'CONTRIBUTING has the room %s in its table',
  (room) => {
    expect(read('CONTRIBUTING.md')).toMatch(new RegExp(`^\\| \`${room}/\` `, 'm'));
  },
);

it.each(PRESETS)('CONFIGURATION has a section for the preset %s', (name) => {
  expect(anchorsOf('CONFIGURATION.md')).toContain(name);
});

it.each(Object.keys(BUILT_IN))('README names the pipeline %s', (name) => {
  expect(read('README.md')).toContain(`\`${name}\``);
});

it.each(papers)('all links of %s lead to existing files and headings', (paper) => {
  const links = [...read(paper).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  for (const [link, target = '', anchor] of links) {
    const file = target === '' ? paper : path.join(path.dirname(paper), target);
    expect([link, existsSync(path.join(root, file))]).toEqual([link, true]);
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  }
});

/** The anchors that GitHub gives to the headings of a document. */
const anchorsOf = (paper: string) =>
  [...read(paper).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

it.each(papers)('all files and folders that %s names exist', (paper) => {
  const rooms = '(?:workflows|activities|worker|client|test)';
  const named = [...read(paper).matchAll(new RegExp(`\`(${rooms}/[\\w./-]*)\``, 'g'))].map(([, target]) => target!);
  const examples = Object.keys(EXAMPLES).flatMap((file) => [file, path.dirname(file)]);
  for (const target of named) {
    expect([target, existsSync(path.join(root, target)) || examples.includes(target)]).toEqual([target, true]);
  }
});

it.each(papers)('all scripts and commands that %s names exist', (paper) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(paper).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, script]) => script!);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  const typed = [...read(paper).matchAll(/(?:npx gatehouse|`gatehouse) ([a-z][\w-]*)/g)].map(([, command]) => command!);
  expect(commands).toEqual(expect.arrayContaining(typed));
});

/** `keep-environment` is CONTRIBUTING's example of an action. */
const commands = ['keep-environment', ...COMMANDS.map(({ usage }) => usage.split(' ')[0]!)];

it.each(papers)('%s names nothing that its readers lack: local folders, registries, or internal papers', (paper) => {
  const private_ =
    /\/work\b|\.\.\/shared|\.library|registry\.|\b(?:contract|engine|gates|ports|hosted|lessons)(?:\.md)? \d/;
  expect(read(paper).match(private_)?.[0]).toBeUndefined();
});

it.each(['README.md', 'CONFIGURATION.md'])('the .gatehouse.yml of %s is accepted', (paper) => {
  const files = blocksOf(paper, 'yaml').filter((file) => file.startsWith('checks:'));
  expect(files).toHaveLength(1);
  expect(parseSettings(files[0]!)).toHaveProperty('settings');
});

it('the configuration file of CONFIGURATION is accepted', () => {
  const files = blocksOf('CONFIGURATION.md', 'yaml').filter((file) => file.startsWith('defaults:'));
  expect(files).toHaveLength(1);
  expect(parseConfiguration(files[0]!, { file: '/gatehouse.yml', environment: {} })).toHaveProperty('configuration');
});

it('the start input and the pipeline of CONFIGURATION are accepted', () => {
  const [input, pipeline] = blocksOf('CONFIGURATION.md', 'json').map((block) => JSON.parse(block));
  expect(RunInput.safeParse(input).error).toBeUndefined();
  const estimate = { complexity: 0.5, risk: 0.5, impact: 0.5 };
  const other = { ...input, task: { ...input.task, estimate }, pipeline };
  expect(RunInput.safeParse(other).error).toBeUndefined();
});

/** The path of each example in CONTRIBUTING, and its file here, which is compiled and tested. */
const EXAMPLES: Record<string, string> = {
  'workflows/gates/untouched.ts': 'untouched.ts',
  'test/workflows/gates/untouched.test.ts': 'untouched.test.ts',
  'activities/adapters/push/notifier.ts': 'push-notifier.ts',
  'activities/adapters/push/variables.ts': 'push-variables.ts',
  'activities/adapters/push/index.ts': 'push-index.ts',
};

it.each(Object.entries(EXAMPLES))('%s in CONTRIBUTING is test/papers/examples/%s', (there, here) => {
  expect(blocksOf('CONTRIBUTING.md', 'ts')).toContain(movedTo(there, here));
});

/** The text of an example, with the imports that it would have at its path in CONTRIBUTING. */
function movedTo(there: string, here: string): string {
  const from = 'test/papers/examples';
  return read(`${from}/${here}`).replace(/(from |import\()'(\.[^']+)'/g, (_, before: string, target: string) => {
    const file = path.posix.join(from, target);
    const moved = Object.keys(EXAMPLES).find((name) => `${from}/${EXAMPLES[name]}` === file) ?? file;
    const relative = path.posix.relative(path.posix.dirname(there), moved);
    return `${before}'${relative.startsWith('.') ? relative : `./${relative}`}'`;
  });
}
