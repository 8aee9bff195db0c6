import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { github } from '../../../../activities/adapters/github/index.ts';
import { accessOf, isConfigured } from '../../../../activities/adapters/github/variables.ts';
import { BadVariables, readVariables } from '../../../../worker/configuration/variables.ts';

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-github-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const APP = { GATEHOUSE_GITHUB_APP_ID: '7', GATEHOUSE_GITHUB_APP_KEY: 'key' };

it('is not opened unless a token or an App is configured', () => {
  const is = (given: Record<string, string>) => github.forge!.configured!.is(readVariables(given));
  expect(is({})).toBe(false);
  expect(is({ GATEHOUSE_GITHUB_API_URL: 'https://ghe.acme.example/api/v3' })).toBe(false);
  expect(is({ GATEHOUSE_GITHUB_TOKEN: 't' })).toBe(true);
  expect(is({ GATEHOUSE_GITHUB_TOKEN_FILE: '/token' })).toBe(true);
  expect(isConfigured(APP)).toBe(true);
});

it('has a token or an App, from variables or files', async () => {
  const file = path.join(folder, 'secret');
  await writeFile(file, ' from a file\n');
  expect(accessOf({ GATEHOUSE_GITHUB_TOKEN: 't' })).toMatchObject({ token: { current: 't' } });
  expect(accessOf({ GATEHOUSE_GITHUB_TOKEN_FILE: file })).toMatchObject({ token: { current: 'from a file' } });
  expect(accessOf(APP)).toMatchObject({ appId: '7', key: { current: 'key' } });
  const byFile = accessOf({ GATEHOUSE_GITHUB_APP_ID: '7', GATEHOUSE_GITHUB_APP_KEY_FILE: file });
  expect(byFile).toMatchObject({ key: { current: 'from a file' } });
});

it.each([
  [
    'a token and an App',
    { ...APP, GATEHOUSE_GITHUB_TOKEN: 'ghp_x' },
    'GATEHOUSE_GITHUB_TOKEN: expected it to be unset',
  ],
  ['an App without a key', { GATEHOUSE_GITHUB_APP_ID: '7' }, 'GATEHOUSE_GITHUB_APP_KEY: expected a value'],
  ['a key without an App', { GATEHOUSE_GITHUB_APP_KEY: 'key' }, 'GATEHOUSE_GITHUB_APP_ID: expected the number'],
  [
    'a token twice',
    { GATEHOUSE_GITHUB_TOKEN: 'ghp_x', GATEHOUSE_GITHUB_TOKEN_FILE: '/f' },
    'GATEHOUSE_GITHUB_TOKEN_FILE: expected',
  ],
  [
    'a file that is not there',
    { GATEHOUSE_GITHUB_TOKEN_FILE: '/nowhere/token' },
    'GATEHOUSE_GITHUB_TOKEN_FILE: expected a readable file',
  ],
])('is refused by name: %s', (_, given, message) => {
  expect(() => accessOf(given)).toThrow(message);
  expect(() => accessOf(given)).not.toThrow('ghp_x');
});

it.each([
  ['GATEHOUSE_GITHUB_API_URL', 'https://ghe.acme.example'],
  ['GATEHOUSE_GITHUB_APP_ID', 'seven'],
  ['GATEHOUSE_GITHUB_TOKEN', 'two words'],
  ['GATEHOUSE_GITHUB_WEBHOOK_SECRET', 'short'],
])('is bad configuration: %s=%s', (name, value) => {
  expect(() => readVariables({ [name]: value })).toThrow(BadVariables);
  expect(() => readVariables({ [name]: value })).toThrow(`${name}: expected`);
  if (name !== 'GATEHOUSE_GITHUB_API_URL' && name !== 'GATEHOUSE_GITHUB_APP_ID') {
    expect(() => readVariables({ [name]: value })).not.toThrow(value);
  }
});
