import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { acquireTemporal, NoServer, type Sources } from '../../../client/local-stack/acquire.ts';

let home: string;
let tried: string[];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-acquire-'));
  tried = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function program(...parts: string[]): Promise<string> {
  const file = path.join(home, ...parts);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '#!/bin/sh\n');
  await chmod(file, 0o755);
  return file;
}

const none = (name: string) => () => {
  tried.push(name);
  return Promise.reject(new Error(`${name} cannot be reached`));
};
const acquire = (own: Partial<Sources> = {}) =>
  acquireTemporal({
    cache: path.join(home, 'cache'),
    say: () => undefined,
    download: none('download'),
    build: none('build'),
    ...own,
  });
const kept = () => path.join(home, 'cache', 'temporal', '1.5.1', 'temporal');

it('uses the program that the user configured, and fails if it is not a program', async () => {
  const named = await program('named', 'temporal');
  const searchPath = path.dirname(await program('bin', 'temporal'));
  expect(await acquire({ cliPath: named, searchPath })).toBe(named);
  await expect(acquire({ cliPath: path.join(home, 'nothing'), searchPath })).rejects.toThrow('TEMPORAL_CLI_PATH');
  await expect(acquire({ cliPath: home, searchPath })).rejects.toThrow('TEMPORAL_CLI_PATH');
});

it('prefers PATH to the cache, and the cache to a download', async () => {
  const cached = await program('cache', 'temporal', '1.5.1', 'temporal');
  const onPath = await program('bin', 'temporal');
  expect(await acquire({ searchPath: ['/nowhere', path.dirname(onPath)].join(path.delimiter) })).toBe(onPath);
  expect(await acquire()).toBe(cached);
  expect(tried).toEqual([]);
});

it('tries the download before the build, and keeps the program', async () => {
  const download = async (folder: string) => program(path.relative(home, folder), 'temporal-as-it-comes');
  expect(await acquire({ download })).toBe(kept());
  expect(await acquire()).toBe(kept());
  expect(tried).toEqual([]);
});

it('builds once, even for several processes at once', async () => {
  let builds = 0;
  const build = async (folder: string) => {
    builds += 1;
    await program(path.relative(home, folder), 'temporal');
  };
  const found = await Promise.all([acquire({ build }), acquire({ build }), acquire({ build })]);
  expect(found).toEqual([kept(), kept(), kept()]);
  expect(builds).toBe(1);
  expect(tried).toEqual(['download']);
  expect((await readdir(path.dirname(kept()))).filter((name) => name.includes('lock'))).toEqual([]);
});

it('names every way to get a server if all have failed', async () => {
  const failure = await acquire().catch((each: unknown) => each);
  expect(failure).toBeInstanceOf(NoServer);
  for (const words of ['TEMPORAL_CLI_PATH', 'install Go', 'docker compose up', 'TEMPORAL_ADDRESS', 'build cannot']) {
    expect((failure as Error).message).toContain(words);
  }
  expect(tried).toEqual(['download', 'build']);
});

it('gives up at once when it is aborted', async () => {
  const calledOff = new AbortController();
  const download = () => {
    calledOff.abort();
    return Promise.reject(new Error('interrupted'));
  };
  await expect(acquire({ download, signal: calledOff.signal })).rejects.toMatchObject({ name: 'AbortError' });
  expect(tried).toEqual([]);
});
