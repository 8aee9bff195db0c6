import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { processEnvironments } from '../../../../activities/adapters/local/process-environments/index.ts';
import { isFree } from '../../../../activities/adapters/local/process-environments/ports.ts';
import { tokenOf } from '../../../../activities/adapters/processes/tokens.ts';
import type { Environments } from '../../../../activities/ports.ts';
import type { EnvironmentRequest, EnvironmentReport } from '../../../../workflows/contracts/activities.ts';
import { removeFolder } from '../../../support/folders.ts';
import { inCheckouts } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';
import { environmentsContract } from '../environments-contract.ts';

jest.setTimeout(60_000);

let home: string;
let request: EnvironmentRequest;

const SERVER = `
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
const home = process.argv[2];
createServer((request, response) => {
  if (request.url === '/die') process.exit(3);
  response.statusCode = request.url === '/healthz' && existsSync(home + '/hold') ? 503 : 200;
  response.end('the change');
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

async function repositoryWith(start: string, more = ''): Promise<EnvironmentRequest> {
  const repository = path.join(home, 'shop');
  const git = async (...args: string[]) => (await program('git', args, { cwd: repository })).stdout;
  await program('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
  await writeFile(path.join(repository, 'server.mjs'), SERVER);
  await writeFile(
    path.join(repository, '.gatehouse.yml'),
    `environment: { start: "${start}", ready: /healthz${more} }\n`,
  );
  await git('add', '--all');
  await git('-c', 'user.name=Ana', '-c', 'user.email=ana@x', 'commit', '--quiet', '-m', 'first');
  const head = await git('rev-parse', 'HEAD');
  return {
    key: 'env/default/T-1/000000000001/1',
    change: { repository, base: 'main', branch: 'work', basis: head },
    head,
    task: { id: 'T-1', title: 't', type: 'feature' },
  };
}

const git = async (...args: string[]) => (await program('git', args, { cwd: path.join(home, 'shop') })).stdout;

/** Commits the changes. The new commit becomes the head of the environment. */
async function commit(): Promise<void> {
  await git('-c', 'user.name=Ana', '-c', 'user.email=ana@x', 'commit', '--quiet', '--all', '-m', 'more');
  const head = await git('rev-parse', 'HEAD');
  request = { ...request, head, change: { ...request.change, basis: head } };
}

async function restated(start: string): Promise<void> {
  await writeFile(path.join(home, 'shop', '.gatehouse.yml'), JSON.stringify({ environment: { start } }));
  await commit();
}

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-environments-'));
  request = await repositoryWith(`exec node server.mjs ${home}`);
});
const opened: (Environments & { close?(): Promise<void> })[] = [];
const open = () => {
  const environments = processEnvironments(inCheckouts({ root: path.join(home, 'data'), environment: process.env }));
  opened.push(environments);
  return environments;
};
afterEach(async () => {
  for (const environments of opened.splice(0)) await environments.close?.();
  await removeFolder(home);
});

const settled = (environments: Environments, key = request.key): Promise<EnvironmentReport> =>
  until('it settles', async () => {
    const look = await environments.look(key);
    return look.is === 'provisioning' ? undefined : look;
  });
const processes = () => running(home);

environmentsContract('as processes', async () => ({ environments: open(), request, dispose: async () => undefined }));

describe('an environment that is a process', () => {
  it('is up when it answers, has its own port, and leaves nothing behind [A-199]', async () => {
    const environments = open();
    await writeFile(path.join(home, 'hold'), '');
    const other = { ...request, key: `${request.key}-other` };
    await environments.ensure(request);
    await environments.ensure(other);
    await until('it listens', async () => / it answers 503/.test(JSON.stringify(await environments.look(request.key))));
    expect(await environments.look(request.key)).toMatchObject({ is: 'provisioning' });
    await rm(path.join(home, 'hold'));
    const [a, b] = [await settled(environments), await settled(environments, other.key)] as { url: string }[];
    expect(a!.url).not.toBe(b!.url);
    expect(await (await fetch(a!.url)).text()).toBe('the change');
    await environments.remove(request.key);
    await environments.remove(other.key);
    expect(await processes()).toEqual([]);
    await expect(fetch(a!.url)).rejects.toThrow();
  });

  it('expires after the time in its repository’s settings', async () => {
    await rm(path.join(home, 'shop'), { recursive: true });
    request = await repositoryWith(`exec node server.mjs ${home}`, ', expireMinutes: 240');
    const environments = open();
    await environments.ensure(request);
    const { expiresAt } = (await settled(environments)) as { expiresAt: string };
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 60_000)).toBe(240);
    expect(await environments.look(request.key)).toMatchObject({ expiresAt });
  });

  it('that ends before it is up has failed, with its last output', async () => {
    await rm(path.join(home, 'shop'), { recursive: true });
    request = await repositoryWith('echo no luck; exit 4');
    const environments = open();
    await environments.ensure(request);
    expect(await settled(environments)).toMatchObject({
      is: 'failed',
      because: expect.stringMatching(/exit 4.*no luck/s),
    });
  });

  it('of a commit that git refuses to check out is gone, with git’s message', async () => {
    const cwd = path.join(home, 'shop');
    const input = `100644 blob ${await git('rev-parse', 'HEAD:server.mjs')}\t.git\n`;
    const { stdout: tree } = await program('git', ['mktree'], { cwd, input });
    const head = await git('-c', 'user.name=Bo', '-c', 'user.email=bo@x', 'commit-tree', tree, '-m', 'unfit');
    await git('branch', 'work', head);
    const environments = open();
    await environments.ensure({ ...request, head });
    const gone = { is: 'gone', because: expect.stringContaining('invalid path') };
    expect(await environments.look(request.key)).toMatchObject(gone);
    expect(await environments.list()).toEqual([]);
  });

  it('is found at either address of localhost', async () => {
    const six = createServer();
    const has = await new Promise((resolve) =>
      six.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true)),
    );
    six.close();
    if (!has) return; // A machine without IPv6 has only one.
    await writeFile(path.join(home, 'shop', 'server.mjs'), SERVER.replace("'127.0.0.1'", "'::1'"));
    await commit();
    const environments = open();
    await environments.ensure(request);
    const live = (await settled(environments)) as { url: string };
    expect(live).toMatchObject({ is: 'live', url: expect.stringContaining('//[::1]:') });
    expect(await (await fetch(live.url)).text()).toBe('the change');
    expect(await environments.look(request.key)).toEqual(live);
  });

  it('reports the probe and its output while it does not answer', async () => {
    await restated(`echo compiling; exec sleep 60 # ${home}`);
    const environments = open();
    await environments.ensure(request);
    const looks = () => environments.look(request.key) as Promise<{ is: string; because: string }>;
    await until('it has printed', async () => (await looks()).because.includes('compiling'));
    const { is, because } = await looks();
    expect(is).toBe('provisioning');
    expect(because).toMatch(/127\.0\.0\.1: connection refused; \[::1\]: .+\)\. compiling$/);
  });

  it('is lost if its server has died although the command still runs, and leaves nothing behind', async () => {
    await restated(`node server.mjs ${home}; echo it ended with $?; exec sleep 60 # ${home}`);
    const environments = open();
    await environments.ensure(request);
    const { url } = (await settled(environments)) as { url: string };
    await fetch(`${url}/die`).catch(() => undefined);
    const lost = await until('it is lost', async () => {
      const look = await environments.look(request.key);
      return look.is !== 'live' && look;
    });
    expect(lost).toMatchObject({ is: 'gone', because: expect.stringMatching(/connection refused.*it ended with 3/s) });
    await environments.remove(request.key);
    expect(await processes()).toEqual([]);
  });

  it('has failed if its command returns, and the remaining processes are ended', async () => {
    await restated(`setsid node server.mjs ${home} > /dev/null 2>&1 & echo started`);
    const environments = open();
    await environments.ensure(request);
    const over = await until('it is over', async () => {
      const look = await environments.look(request.key);
      return look.is !== 'live' && look.is !== 'provisioning' && look;
    });
    expect(over).toMatchObject({
      because: expect.stringMatching(/ended \(exit 0\): the command must keep running.*started/s),
    });
    expect(await processes()).toEqual([]);
  });

  it('from a version that recorded no address has the default one', async () => {
    const environments = open();
    await environments.ensure(request);
    const live = (await settled(environments)) as { url: string };
    const { state } = inCheckouts({ root: path.join(home, 'data'), environment: {} });
    await state.query((db) => db.updateTable('environments').set({ url: null }).execute());
    expect(await open().look(request.key)).toEqual(live);
  });

  it('is adopted by the next worker, which notices that it is dead', async () => {
    const first = open();
    await first.ensure(request);
    const live = (await settled(first)) as { url: string };
    const next = open();
    await next.ensure(request);
    expect(await next.look(request.key)).toEqual(live);
    await fetch(`${live.url}/die`).catch(() => undefined);
    expect(
      await until('it is gone', async () =>
        (await next.look(request.key)).is === 'gone' ? next.look(request.key) : undefined,
      ),
    ).toMatchObject({ because: expect.stringContaining('exit 3') });
  });

  it('that was killed has its remaining processes ended with its worker', async () => {
    await restated(`setsid sh -c 'while :; do sleep 1; done' ${home}/left & exec node server.mjs ${home}`);
    const environments = open();
    await environments.ensure(request);
    await settled(environments);
    const [name] = await readdir(path.join(home, 'data', 'environments'));
    const record = path.join(home, 'data', 'environments', name!, 'run', 'process.json');
    const { pid } = JSON.parse(await readFile(record, 'utf8'));
    process.kill(-pid, 'SIGKILL');
    await until('it is gone', async () => (await tokenOf(pid)) === undefined);
    await environments.close();
    expect(await processes()).toEqual([]);
  });

  it('is stopped when its worker stops', async () => {
    const environments = open();
    await environments.ensure(request);
    await settled(environments);
    await environments.close();
    expect(await processes()).toEqual([]);
    expect(await open().look(request.key)).toMatchObject({ is: 'gone' });
  });
});

it.each(['127.0.0.1', '::1', '0.0.0.0', '::'])('a port that somebody listens on at %s is not free', async (address) => {
  const server = createServer();
  const port = await new Promise<number | undefined>((resolve) => {
    server.once('error', () => resolve(undefined)); // a machine without IPv6
    server.listen(0, address, () => resolve((server.address() as { port: number }).port));
  });
  if (port === undefined) return;
  expect(await isFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree(port)).toBe(true);
});
