import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from '../support/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let checkout: string;

/** A checkout without a build. */
beforeAll(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'gatehouse-checkout-'));
  for (const name of ['activities', 'client', 'worker', 'workflows', 'package.json', 'package-lock.json']) {
    await cp(path.join(root, name), path.join(checkout, name), { recursive: true });
  }
  await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
});
afterAll(() => rm(checkout, { recursive: true, force: true }));

const gatehouse = (...words: string[]) =>
  program(process.execPath, [path.join(checkout, 'client/cli/gatehouse.mjs'), ...words], {
    env: { NODE_OPTIONS: '', XDG_CACHE_HOME: path.join(checkout, 'cache') },
  });
const builds = () => readdir(path.join(checkout, 'dist'));

it('builds at the first use, even by several processes at once, and then keeps the build', async () => {
  const first = await Promise.all([gatehouse('--help'), gatehouse('--help'), gatehouse('completion', 'bash')]);
  const building = 'building gatehouse from its sources: once after each change';
  expect(new Set([...first.map(({ stderr }) => stderr), ''])).toEqual(new Set([building, '']));
  expect(first[0].stdout).toContain('Starts a run');
  expect(await builds()).toHaveLength(1);

  expect(await gatehouse('--version')).toMatchObject({ stdout: '0.1.0', stderr: '' });
  expect(await builds()).toHaveLength(1);
}, 120_000);

it('keeps a build for as long as it is used, and removes it a week later', async () => {
  const aged = async (name: string) => {
    const then = new Date(Date.now() - 8 * 86_400_000);
    await utimes(path.join(checkout, 'dist', name), then, then);
  };
  const [used] = await builds();
  await mkdir(path.join(checkout, 'dist', 'unused'));
  for (const name of [used!, 'unused']) await aged(name);
  await gatehouse('--version');
  expect((await stat(path.join(checkout, 'dist', used!))).mtimeMs).toBeGreaterThan(Date.now() - 3_600_000);
  await appendFile(path.join(checkout, 'client/cli/command-list.ts'), '\n');
  await gatehouse('--version');
  expect(await builds()).toHaveLength(2);
  expect(await builds()).toContain(used);
}, 120_000);

it('builds again after a change of a source', async () => {
  const registry = path.join(checkout, 'client/cli/command-list.ts');
  await writeFile(registry, (await readFile(registry, 'utf8')).replace('Starts a run,', 'Launches a run,'));
  const { stdout, stderr } = await gatehouse('--help');
  expect(stdout).toContain('Launches a run');
  expect(stderr).toContain('building');
  expect(await builds()).toHaveLength(3);
}, 120_000);

it('runs a command that loads the SDK’s worker', async () => {
  const input = { task: { id: 'PAY-1', title: 'T' }, change: { repository: '/srv/shop' }, pipeline: 'quick' };
  const file = path.join(checkout, 'input.json');
  await writeFile(file, JSON.stringify(input));
  const { stdout } = await gatehouse('simulate', '--file', file);
  expect(stdout).toMatch(/run\/default\/PAY-1 ended after \d+ minutes: merged/);
}, 120_000);

it('does not load the schemas or Temporal for help', async () => {
  const [build = ''] = await builds();
  const loaded = new Map<string, string>();
  const load = async (file: string) => {
    if (loaded.has(file)) return;
    const code = await readFile(path.join(checkout, 'dist', build, file), 'utf8');
    loaded.set(file, code);
    for (const [, next] of code.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) await load(next!);
  };
  await load('gatehouse.js');
  const code = [...loaded.values()].join('');
  expect(code.length).toBeLessThan(200_000);
  expect(code).not.toMatch(/ZodType|temporal\.api/);
}, 60_000);
