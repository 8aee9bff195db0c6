import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { jest } from '@jest/globals';
import { InMemoryEnvironments } from '../../../activities/adapters/in-memory/environments.ts';
import { processEnvironments } from '../../../activities/adapters/local/process-environments/index.ts';
import type { Environments } from '../../../activities/ports.ts';
import type { EnvironmentRequest, SiteLook } from '../../../workflows/contracts/activities.ts';
import { until } from '../../support/stack.ts';

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
  const git = async (...args: string[]) => (await execa('git', args, { cwd: repository })).stdout;
  await execa('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
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

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-environments-'));
  request = await repositoryWith(`exec node server.mjs ${home}`);
});
const opened: (Environments & { close?(): Promise<void> })[] = [];
const open = () => {
  const environments = processEnvironments({ root: path.join(home, 'data'), environment: process.env });
  opened.push(environments);
  return environments;
};
afterEach(async () => {
  for (const environments of opened.splice(0)) await environments.close?.();
  await rm(home, { recursive: true, force: true });
});

const settled = (environments: Environments, key = request.key): Promise<SiteLook> =>
  until('it settles', async () => {
    const look = await environments.look(key);
    return look.is === 'provisioning' ? undefined : look;
  });
const processes = async () =>
  (await execa('ps', ['-eo', 'args='])).stdout.split('\n').filter((line) => line.includes(home));

describe.each([
  ['in memory', () => new InMemoryEnvironments()],
  ['as processes', open],
])('environments %s', (_, make) => {
  it('come up once per key, and go for good [A-200]', async () => {
    const environments = make();
    expect(await environments.examine(request.change)).toMatchObject({ configured: true, fields: [] });
    expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
    await environments.ensure(request);
    const first = await settled(environments);
    expect(first).toMatchObject({ is: 'live', url: expect.stringMatching(/^http:\/\//) });
    await environments.ensure(request);
    expect(await environments.look(request.key)).toEqual(first);

    expect(await environments.list()).toEqual([request.key]);
    await environments.remove(request.key);
    expect(await environments.list()).toEqual([]);
    expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
    await environments.remove(request.key);
    await environments.ensure(request);
    expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
  });

  it('that never were can be removed', async () => {
    const environments = make();
    await environments.remove('never');
    expect(await environments.look('never')).toMatchObject({ is: 'gone' });
  });
});

describe('an environment that is a process', () => {
  it('is up when it answers, has a port of its own, and leaves nothing [A-199]', async () => {
    const environments = open();
    await writeFile(path.join(home, 'hold'), '');
    const other = { ...request, key: `${request.key}-other` };
    await environments.ensure(request);
    await environments.ensure(other);
    expect(await environments.look(request.key)).toEqual({ is: 'provisioning' });
    await rm(path.join(home, 'hold'));
    const [a, b] = [await settled(environments), await settled(environments, other.key)] as { url: string }[];
    expect(a!.url).not.toBe(b!.url);
    expect(await (await fetch(a!.url)).text()).toBe('the change');
    await environments.remove(request.key);
    await environments.remove(other.key);
    expect(await processes()).toEqual([]);
    await expect(fetch(a!.url)).rejects.toThrow();
  });

  it('expires when its repository says so', async () => {
    await rm(path.join(home, 'shop'), { recursive: true });
    request = await repositoryWith(`exec node server.mjs ${home}`, ', expireMinutes: 240');
    const environments = open();
    await environments.ensure(request);
    const { expiresAt } = (await settled(environments)) as { expiresAt: string };
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 60_000)).toBe(240);
    expect(await environments.look(request.key)).toMatchObject({ expiresAt });
  });

  it('that ends before it is up has failed, with its last words', async () => {
    await rm(path.join(home, 'shop'), { recursive: true });
    request = await repositoryWith('echo no luck; exit 4');
    const environments = open();
    await environments.ensure(request);
    expect(await settled(environments)).toMatchObject({
      is: 'failed',
      because: expect.stringMatching(/exit 4.*no luck/s),
    });
  });

  it('is adopted by the next worker, and found dead', async () => {
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

  it('is stopped in order with its worker', async () => {
    const environments = open();
    await environments.ensure(request);
    await settled(environments);
    await environments.close();
    expect(await processes()).toEqual([]);
    expect(await open().look(request.key)).toMatchObject({ is: 'gone' });
  });
});
