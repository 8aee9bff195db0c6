import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { presetNamed } from '../../../activities/adapters/agents/presets/index.ts';
import { PRESETS } from '../../../activities/adapters/settings/agent-settings.ts';
import { judged } from '../../../client/agents/trying.ts';
import { main } from '../../../client/cli/main.ts';
import { spentWords, totalWords } from '../../../client/cli/texts/spending.ts';
import { pathWithCodex } from '../../support/agents/fake-codex.ts';
import { removeFolder } from '../../support/folders.ts';
import { running } from '../../support/running.ts';
import { cli } from '../../support/stack.ts';
import { until } from '../../support/until.ts';

jest.setTimeout(120_000);

/** One after another, because jest cannot load modules with common imports at the same time. */
beforeAll(async () => {
  for (const name of PRESETS) await presetNamed(name);
});

const before = { ...process.env };
let home: string;
let said = '';
let complained = '';
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-agents-'));
  said = complained = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => (said += String(text)) !== '');
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => (complained += String(text)) !== '');
  process.env['PATH'] = await pathWithCodex(home);
  process.env['CODEX_HOME'] = home;
  process.env['GATEHOUSE_DATA'] = path.join(home, 'data');
  process.env['TMPDIR'] = path.join(home, 'tmp'); // other tests try agents at the same time
  await mkdir(process.env['TMPDIR']);
  process.env['GATEHOUSE_CONFIG'] = path.join(home, 'own.yml');
  await writeFile(path.join(home, 'own.yml'), 'prices: { fast: { input: 1, output: 1000 } }\n');
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, before);
  await removeFolder(home);
});
const gatehouse = (...words: string[]) => main(['node', 'gatehouse', ...words]);
const json = () => JSON.parse(said);
const scratchFolders = async () =>
  (await readdir(path.join(home, 'tmp'))).filter((name) => name.startsWith('gatehouse-try-'));

describe('gatehouse agents', () => {
  it('lists every preset: its version and sign-in, or how to get it', async () => {
    expect(await gatehouse('agents', '--json')).toBe(0);
    expect(json().map(({ name }: any) => name)).toEqual(['claude-code', 'codex', 'gemini', 'opencode']);
    expect(json()[1]).toMatchObject({ installed: true, version: '9.8.7', signedIn: true, program: 'codex' });
    expect(json()[1].detail).toMatch(/^Logged in using ChatGPT/);
  });

  it('says it in one line per preset', async () => {
    process.env['FAKE_CODEX_LOGIN'] = 'no';
    process.env['PATH'] = `${path.join(home, 'bin')}:/usr/bin:/bin`;
    expect(await gatehouse('agents')).toBe(0);
    expect(said).toMatch(/^codex +codex +9\.8\.7, not signed in: codex login/m);
    expect(said).toMatch(/^claude-code +claude +not on PATH: npm install --global @anthropic-ai\/claude-code$/m);
  });

  it.each([
    [['agents', 'test'], 'WHAT: expected try'],
    [['agents', 'try'], 'PRESET: expected one of claude-code, codex, gemini, opencode, found nothing'],
    [['agents', 'try', 'cursor'], `found 'cursor'`],
    [['agents', 'try', 'codex', '--model', '--yolo'], '--model: expected a name'],
    [['agents', 'try', 'codex', '--seconds', '0'], '--seconds: expected a number'],
  ])('refuses %j', async (words, because) => {
    expect(await gatehouse(...words)).toBe(2);
    expect(complained).toContain(because);
  });
});

describe('gatehouse agents try', () => {
  afterEach(async () => expect(await scratchFolders()).toEqual([]));

  it('shows what came back, what it spent and how long it took', async () => {
    expect(await gatehouse('agents', 'try', 'codex', '--model', 'fast')).toBe(0);
    expect(said).toMatch(
      /^ {2}I am fast\.\n {2}I create it\.\n {2}→ echo hello\n {2}I have created hello\.txt\.\n.*done.*: codex created the file, and said so\nspent: 1,200 tokens in, 34 tokens out, \$0\.0352\ntook: [\d.]+ s\n$/,
    );
  });

  it('as JSON, is one document', async () => {
    expect(await gatehouse('agents', 'try', 'codex', '--json')).toBe(0);
    expect(json()).toMatchObject({
      preset: 'codex',
      done: true,
      summary: 'I have created hello.txt.',
      usage: { inputTokens: 1_200, outputTokens: 34 },
      said: ['I create it.', '→ echo hello', 'I have created hello.txt.'],
    });
  });

  it.each([
    ['idle', { because: 'it ended, but there is no hello.txt' }],
    [
      'wrong',
      { because: expect.stringMatching(/^hello\.txt should contain 'hello from gatehouse', found 'good evening/) },
    ],
    ['fails', { because: 'codex: The prompt is not allowed.' }],
    [
      'limit',
      { because: expect.stringContaining('usage limit is reached'), notNow: true, until: expect.stringMatching(/Z$/) },
    ],
  ])('exits with 1 if codex plays "%s"', async (plays, result) => {
    process.env['FAKE_CODEX'] = plays;
    expect(await gatehouse('agents', 'try', 'codex', '--json')).toBe(1);
    expect(json()).toMatchObject({ done: false, ...result });
  });

  it('names how to get a program that is not there', async () => {
    process.env['PATH'] = '/usr/bin:/bin';
    expect(await gatehouse('agents', 'try', 'codex')).toBe(1);
    expect(said).toContain('codex is not on PATH. To install it: npm install --global @openai/codex');
  });

  const nothingIsLeft = async (folder: string) => {
    expect(existsSync(folder)).toBe(false);
    expect(await running(folder)).toEqual([]);
  };

  it('ends what runs at its time limit, and leaves nothing behind', async () => {
    process.env['FAKE_CODEX'] = 'hangs';
    expect(await gatehouse('agents', 'try', 'codex', '--seconds', '4')).toBe(1);
    expect(said).toContain('it had not ended after 4 s, and was stopped');
    expect(await running(path.join(home, 'tmp'))).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind after %s', async (signal) => {
    process.env['FAKE_CODEX'] = 'hangs';
    const ended = gatehouse('agents', 'try', 'codex');
    const folder = await until('codex is at work', async () => /Waiting in (\S+)/.exec(said)?.[1]);
    process.emit(signal);
    expect(await ended).toBe(1);
    expect(said).toContain('it was stopped');
    await nothingIsLeft(folder);
  });
});

it('gatehouse agents try that is killed leaves nothing running', async () => {
  const env = { ...process.env, FAKE_CODEX: 'hangs', NODE_OPTIONS: '' };
  const killed = spawn(process.execPath, [cli, 'agents', 'try', 'codex'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let words = '';
  killed.stdout.on('data', (text) => (words += String(text)));
  const folder = await until('codex is at work', () => /Waiting in (\S+)/.exec(words)?.[1]);
  expect(await running(folder)).not.toEqual([]);
  killed.kill('SIGKILL');
  await until('nothing runs', async () => (await running(folder)).length === 0);
});

it.each([
  [{}, undefined, 'it ended without a result'],
  [{ summary: '' }, 'hello from gatehouse\n', 'it made hello.txt, but said nothing'],
  [{ summary: 'Done.' }, 'hello from gatehouse', undefined],
  [{ notNow: { because: 'No credit.' } }, 'hello from gatehouse', 'it cannot work now. No credit.'],
])('the task with the result %j and the file %j', (tried, made, because) => {
  expect(judged(tried, made).because).toBe(because);
});

it.each([
  [undefined, 'unknown'],
  [{}, 'unknown'],
  [{ inputTokens: 12_340, outputTokens: 5 }, '12,340 tokens in, 5 tokens out, cost unknown'],
  [{ costCents: 4.21 }, '$0.0421'],
  [{ costCents: 1234.5 }, '$12.35'],
])('what %j cost is shown as %s', (used, words) => {
  expect(spentWords(used)).toBe(words);
});

it.each([
  [{ inputTokens: 0, outputTokens: 0, costCents: 0, unknown: 0 }, '0 tokens in, 0 tokens out, $0.0000'],
  [{ inputTokens: 9, outputTokens: 1, costCents: 0, unknown: 0 }, '9 tokens in, 1 tokens out, cost unknown'],
  [{ inputTokens: 9, outputTokens: 1, costCents: 0, unknown: 8 }, '9 tokens in, 1 tokens out, cost unknown'],
  [
    { inputTokens: 9, outputTokens: 1, costCents: 7, unknown: 2 },
    '9 tokens in, 1 tokens out, $0.0700, and the unknown cost of 2 jobs',
  ],
])('the total %j is shown as %s', (total, words) => {
  expect(totalWords(total)).toBe(words);
});

describe('gatehouse demo --agent', () => {
  it.each([
    ['cursor', {}, '--agent: expected one of'],
    ['codex', { FAKE_CODEX_LOGIN: 'no' }, '--agent: codex is not signed in: codex login'],
    ['codex', { PATH: '/usr/bin:/bin' }, '--agent: codex is not on PATH. To get it: npm install'],
  ])('refuses %s with %j before anything starts', async (name, env, because) => {
    Object.assign(process.env, env);
    expect(await gatehouse('demo', '--agent', name, '--unattended')).toBe(2);
    expect(complained).toContain(because);
    expect(existsSync(path.join(home, 'data'))).toBe(false);
  });
});
