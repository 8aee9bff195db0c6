import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programOf } from '../../../../activities/adapters/local/command-executor/commands.ts';
import { progressOf } from '../../../../activities/adapters/local/command-executor/progress.ts';
import { readResult, readResultFile } from '../../../../activities/adapters/local/command-executor/result.ts';
import { plain } from '../../../../activities/adapters/processes/text.ts';
import { parseSettings } from '../../../../activities/adapters/settings/repository-settings.ts';
import { program } from '../../../support/programs.ts';

const RATING = { rating: 0.9, summary: 'Looks good.', comments: [] };
const fenced = (text: string, info = 'json') => `\`\`\`${info}\n${text}\n\`\`\``;
const json = JSON.stringify;

describe('a result', () => {
  it.each([
    ['bare', json({ summary: 's' })],
    ['with a byte order mark', `\ufeff${json({ summary: 's' })}`],
    ['in a fence', fenced(json({ summary: 's' }))],
    ['in a fence without a language', fenced(json({ summary: 's' }), '')],
    ['in a fence with words around it', `Here it is:\n\n${fenced(json({ summary: 's' }))}\n\nAnything else?`],
    ['with Windows line ends in a fence', fenced(json({ summary: 's' })).replaceAll('\n', '\r\n')],
  ])('is read: %s', async (_, text) => {
    const file = path.join(await mkdtemp(path.join(tmpdir(), 'gatehouse-result-')), 'result.json');
    await writeFile(file, text);
    const read = (await readResultFile(file)) as { text: string };
    expect(readResult(read.text, '')).toEqual({ result: { summary: 's' } });
    await rm(path.dirname(file), { recursive: true });
  });

  it.each<[string, string | undefined, string, boolean, unknown]>([
    ['data in a fence', json({ summary: 's', output: fenced(json(RATING)) }), '', true, RATING],
    ['data as text', json({ summary: 's', output: json(RATING) }), '', true, RATING],
    ['a summary that is the data', json({ summary: fenced(json(RATING)) }), '', true, RATING],
    ['data that was printed', undefined, fenced(json(RATING)), true, RATING],
    ['a text', json({ summary: 's', output: 'fine {"a":1}' }), '', true, 'fine {"a":1}'],
    ['a broken fence', json({ summary: 's', output: '```json\n{"a":\n```' }), '', true, '```json\n{"a":\n```'],
    ['a summary of a writing role', json({ summary: fenced(json(RATING)) }), '', false, undefined],
  ])('has as its output: %s', (_, text, printed, answers, output) => {
    const read = readResult(text, printed, { answers }) as { result: { output?: unknown } };
    expect(read.result.output).toEqual(output);
  });

  it('is cleaned of lone surrogates, NUL and terminal colours', () => {
    const text =
      '{"summary":"half \\ud83d an emoji, \\u0000 and \\u001b[31mred\\u001b[0m \\ud83d\\ude00","output":{"__proto__":{"x":"\\u0000y"},"n":1e400}}';
    const { result } = readResult(text, '') as { result: { summary: string; output: object } };
    expect(result.summary).toBe('half \ufffd an emoji,  and red \u{1f600}');
    expect(json(result.output)).toBe('{"__proto__":{"x":"y"},"n":null}');
    expect(({} as any).x).toBeUndefined();
    expect(plain('a\r\nb\rc\x1b]0;title\x07d\x9b1me\tf')).toBe('a\nb\ncde\tf');
    expect(progressOf('GATEHOUSE_PROGRESS {"done":1,"total":2,"label":"\\ud83d"}')?.label).toBe('\ufffd');
  });

  describe('that is not a file', () => {
    let home: string;
    let file: string;
    beforeEach(async () => {
      home = await mkdtemp(path.join(tmpdir(), 'gatehouse-result-'));
      file = path.join(home, 'result.json');
    });
    afterEach(() => rm(home, { recursive: true, force: true }));

    it.each<[string, () => Promise<unknown>, string]>([
      ['a folder', () => mkdir(file), 'a folder'],
      ['a link', () => symlink('/dev/zero', file), 'a link'],
      ['a pipe', () => program('mkfifo', [file]), 'a pipe'],
      ['a file of 3 GB', () => writeFile(file, '').then(() => truncate(file, 3 * 2 ** 30)), 'of at most'],
    ])('is broken: %s', async (_, make, because) => {
      await make();
      expect(await readResultFile(file)).toEqual({ broken: expect.stringContaining(because) });
    });

    it('is undefined if there is no file', async () => {
      expect(await readResultFile(file)).toEqual({ text: undefined });
    });
  });
});

describe('the settings', () => {
  const AGENTS = 'agents: { default: "sh agent.sh" }';
  const command = (text: string) => ({ is: 'command', command: text, secrets: [] });
  const READ = { checks: { test: 'sh check.sh' }, agents: { default: command('sh agent.sh') } };
  it.each([
    ['a byte order mark', `\ufeffchecks: { test: "sh check.sh" }\n${AGENTS}\n`, READ],
    ['Windows line ends', `checks:\r\n  test: sh check.sh\r\n${AGENTS}\r\n`, READ],
    ['old line ends', `checks:\r  test: sh check.sh\r${AGENTS}\r`, READ],
    [
      'Windows line ends in a block',
      `checks:\n  test: |\r\n    sh check.sh\r\n    true\r\n${AGENTS}`,
      { ...READ, checks: { test: 'sh check.sh\ntrue' } },
    ],
    [
      'an alias',
      `checks: { test: &c sh check.sh, more: *c }`,
      { checks: { test: 'sh check.sh', more: 'sh check.sh' } },
    ],
    [
      'a merge key',
      `checks: &c { test: a }\nagents: { <<: *c, b: b }`,
      { agents: { test: command('a'), b: command('b') } },
    ],
  ])('are read with %s', (_, text, settings) => {
    expect(parseSettings(text)).toMatchObject({ settings });
  });

  it.each([
    [
      'no checks under their name',
      `checks:\n${AGENTS}`,
      '.gatehouse.yml:checks',
      'expected names, each with a value, found null',
    ],
    ['a command that is a boolean', 'checks: { test: true }', '.gatehouse.yml:checks.test', 'found true'],
    [
      'an invalid name',
      'checks: { "unit tests / node 20": x }',
      '.gatehouse.yml:checks.unit tests / node 20',
      `expected a name of letters, digits, ".", "_", "-", found 'unit tests / node 20'`,
    ],
    [
      'a list of checks',
      'checks: [npm test]',
      '.gatehouse.yml:checks',
      'expected names, each with a value, found a list',
    ],
    [
      'a name that would be dropped',
      'checks: { __proto__: "false" }',
      '.gatehouse.yml:checks.__proto__',
      'another name',
    ],
    ['two documents', `${AGENTS}\n---\nchecks: {}`, '.gatehouse.yml', 'one YAML document'],
    ['no mapping', 'hello', '.gatehouse.yml', "found 'hello'"],
    ['a command with a NUL', 'checks: { test: "a\\0b" }', '.gatehouse.yml:checks.test', 'NUL'],
  ])('are refused by name with %s', (_, text, place, expected) => {
    expect(parseSettings(text)).toMatchObject({
      fields: [{ path: place, expected: expect.stringContaining(expected) }],
    });
  });
});

it.each([
  ['node x.mjs', 'node'],
  ['ulimit -t 600; node x', 'ulimit'],
  ['FOO=1 BAR="a b" BAZ=\'c d\' node x', 'node'],
  ['true; node x', 'true'],
  ['FOO=$(date) node x', undefined],
  ['PATH=/opt/bin:$PATH agent', undefined],
  ['PATH=/opt/bin agent', undefined],
  ['"$AGENT" x', undefined],
  ['(cd x && y)', undefined],
  ['-x', undefined],
  ['FOO=1', undefined],
])('the program of %j is %j', (command, program) => {
  expect(programOf(command)).toBe(program);
});
