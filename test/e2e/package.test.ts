import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { program } from '../support/programs.ts';
import { freePort } from '../support/ports.ts';

jest.setTimeout(300_000);

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');

let home: string;
let folder: string;
let environment: NodeJS.ProcessEnv;
let up: ChildProcess | undefined;

/** Packs the package, and installs it into an empty folder. */
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-package-'));
  folder = path.join(home, 'program');
  await mkdir(folder);
  const [port, uiPort] = [await freePort(), await freePort()];
  environment = {
    ...process.env,
    NODE_OPTIONS: '',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    GATEHOUSE_DATA: path.join(home, 'data'),
    GATEHOUSE_PORT: String(port),
    GATEHOUSE_UI_PORT: String(uiPort),
  };
  await npm(root, 'pack', '--pack-destination', home);
  const [tarball] = (await readdir(home)).filter((name) => name.endsWith('.tgz'));
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'program', private: true, type: 'module' }),
  );
  await npm(folder, 'install', path.join(home, tarball!), '--prefer-offline', '--no-audit', '--no-fund');
});
afterAll(async () => {
  await stop();
  await rm(home, { recursive: true, force: true });
});

const npm = (cwd: string, ...args: string[]) => program('npm', args, { cwd, env: environment });
const npx = (...words: string[]) =>
  program('npx', ['--no-install', 'gatehouse', ...words], { cwd: folder, env: environment, reject: false });
/** The same without npx, which takes longer than the command. */
const gatehouse = (...words: string[]) =>
  program(path.join(folder, 'node_modules/.bin/gatehouse'), words, { cwd: folder, env: environment });

async function stop(): Promise<void> {
  if (!up || up.exitCode !== null || up.signalCode !== null) return;
  const ended = new Promise((resolve) => up!.once('exit', resolve));
  up.kill('SIGINT');
  await ended;
}

it('the installed package contains no sources, no tests and no lockfile', async () => {
  const files = await readdir(path.join(folder, 'node_modules/gatehouse-temporal'), { recursive: true });
  const own = files.filter(
    (file) => !file.startsWith('node_modules') && !file.startsWith('client/local-stack/sample/'),
  );
  expect(own.filter((file) => /(?<!\.d)\.ts$|(?:^|\/)test\/|\.test\.|package-lock/.test(file))).toEqual([]);
  expect(
    own.filter((file) => /^dist\/package\/bundles\/[0-9a-f]{24}(-encrypted)?(-traced)?\.cjs$/.test(file)),
  ).toHaveLength(4);
});

it('the installed package prints its version, and the command to type next', async () => {
  expect((await npx('--version')).stdout).toMatch(/^0\.1\.0 \([0-9a-f]{7,}(-dirty)?\)$/);
  expect((await npx('list')).stderr).toContain('Start one with: npx gatehouse up');
});

it('the installed package runs a task to its merge, and type-checks in a program', async () => {
  up = spawn(path.join(folder, 'node_modules/.bin/gatehouse'), ['up'], {
    env: { ...environment, TEMPORAL_ADDRESS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    up!.stdout!.on('data', (text) => String(text).includes('gatehouse is up') && resolve());
    up!.once('exit', (code) => reject(new Error(`up ended with ${code}`)));
  });
  await cp(path.join(root, 'test/client/package/example.ts'), path.join(folder, 'example.ts'));
  const types = path.join(root, 'node_modules/@types');
  const flags = [
    '--target',
    'es2023',
    '--module',
    'node16',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--skipLibCheck',
  ];
  await program(process.execPath, [tsc, ...flags, '--typeRoots', types, '--types', 'node', 'example.ts'], {
    cwd: folder,
  });
  const repository = await TestRepository.create(home, 'shop');
  const { stdout } = await program(process.execPath, ['example.js', repository.path], {
    cwd: folder,
    env: environment,
  });
  expect(stdout.split('\n')).toEqual(['refused: not_offered', 'parked: 2-human-test#1', 'ended: merged']);
  expect((await gatehouse('show', 'PROGRAM-1')).stdout).toContain('passed');

  const history = path.join(folder, 'history.json');
  await gatehouse('export', 'PROGRAM-1', '--output', history);
  expect((await gatehouse('replay', history)).stdout).toBe('ok: this build can continue all 1.');
});
