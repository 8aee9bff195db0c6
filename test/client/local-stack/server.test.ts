import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordOf } from '../../../client/local-stack/processes.ts';
import { isFree, LocalServer, PortTaken } from '../../../client/local-stack/server.ts';
import { freePort } from '../../support/ports.ts';

const occupied = createServer();
let data: string;
beforeAll(() => new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', () => resolve())));
afterAll(() => occupied.close());
beforeEach(async () => (data = await mkdtemp(path.join(tmpdir(), 'gatehouse-server-'))));
afterEach(() => rm(data, { recursive: true, force: true }));

const taken = () => (occupied.address() as AddressInfo).port;
const server = (own: { port: number; uiPort: number; temporal?: string }) =>
  new LocalServer({ temporal: '/nowhere/temporal', namespace: 'default', data, say: () => undefined, ...own });

it.each([
  ['GATEHOUSE_PORT', async () => ({ port: taken(), uiPort: await freePort() })],
  ['GATEHOUSE_UI_PORT', async () => ({ port: await freePort(), uiPort: taken() })],
])('names a free port if %s is taken', async (variable, ports) => {
  const failure = await server(await ports())
    .start()
    .catch((each: unknown) => each);
  expect(failure).toBeInstanceOf(PortTaken);
  const [, named] = new RegExp(`^Port ${taken()} is taken: .*${variable}=(\\d+)\\.$`).exec((failure as Error).message)!;
  expect(Number(named)).not.toBe(taken());
  expect(await isFree(Number(named))).toBe(true);
});

it('needs two different ports', async () => {
  const port = await freePort();
  await expect(server({ port, uiPort: port }).start()).rejects.toThrow('expected two ports');
});

it('does not end a process that has the pid of an earlier server', async () => {
  const stranger = JSON.stringify({ ...JSON.parse(await recordOf(process.pid)), birth: 'before the power went' });
  await writeFile(path.join(data, 'temporal.pid'), stranger);
  await expect(server({ port: taken(), uiPort: await freePort() }).start()).rejects.toThrow(PortTaken);
});

it('fails if the program does not start or ends at once', async () => {
  const ports = { port: await freePort(), uiPort: await freePort() };
  await expect(server(ports).start()).rejects.toThrow('ENOENT');
  await expect(server({ ...ports, temporal: process.execPath }).start()).rejects.toThrow(/ended/);
});
