import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { Secret } from '../../../../activities/adapters/hosted/secrets.ts';
import { removeFolder } from '../../../support/folders.ts';

const name = 'GATEHOUSE_GITEA_TOKEN';
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-secret-'));
  file = path.join(folder, 'token');
});
afterEach(() => removeFolder(folder));

it('is a value, which stays', () => {
  const secret = new Secret({ name, value: 'one' });
  expect(secret.current).toBe('one');
  expect(secret.renew()).toBe(false);
});

it('is in a file, which may be replaced', async () => {
  await writeFile(file, 'one\n');
  const secret = new Secret({ name, file });
  expect(secret.current).toBe('one');
  expect(secret.renew()).toBe(false);
  await rm(file);
  expect(secret.renew()).toBe(false);
  expect(secret.current).toBe('one');
  await writeFile(file, 'two\n');
  expect(secret.renew()).toBe(true);
  expect(secret.current).toBe('two');
});

it('is refused by the name of its variable, and never shown', async () => {
  expect(() => new Secret({ name })).toThrow(
    /^GATEHOUSE_GITEA_TOKEN: expected a value, or GATEHOUSE_GITEA_TOKEN_FILE$/,
  );
  expect(() => new Secret({ name, file })).toThrow(/^GATEHOUSE_GITEA_TOKEN_FILE: expected a readable file; .*ENOENT/);
  expect(() => new Secret({ name, value: 's3cret', file })).toThrow(
    /^GATEHOUSE_GITEA_TOKEN_FILE: expected GATEHOUSE_GITEA_TOKEN to be unset$/,
  );
  await writeFile(file, ' \n');
  expect(() => new Secret({ name, file })).toThrow(/^GATEHOUSE_GITEA_TOKEN_FILE: expected a file with a secret/);
});

it('does not show itself', () => {
  const secret = new Secret({ name, value: 's3cret' });
  expect(JSON.stringify({ secret })).not.toContain('s3cret');
  expect(inspect(secret, { showHidden: true, depth: 9 })).not.toContain('s3cret');
});
