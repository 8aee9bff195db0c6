import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { LEASE_MS } from '../../../../activities/adapters/processes/leases.ts';
import { taken } from '../../../../activities/adapters/processes/lock-owners.ts';
import { withLock } from '../../../../activities/adapters/processes/locks.ts';
import { lookAt, ownOrigin, tokenOf } from '../../../../activities/adapters/processes/tokens.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(60_000);

let home: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-locks-'));
  file = path.join(home, 'a.lock');
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});

const nameOf = async (pid: number) => JSON.stringify({ pid, token: await tokenOf(pid) });
const DEAD = JSON.stringify({ pid: 2 ** 22 + 1, token: 'long ago' });

/** Whether one of this many tries takes the lock. */
async function tries(count: number): Promise<boolean> {
  const own = await nameOf(process.pid);
  for (let n = 0; n < count; n += 1) if (await taken(file, own)) return true;
  return false;
}

/** Another process, which has the lock. */
async function another(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  await writeFile(file, await nameOf(child.pid!));
  return child;
}

it('has one owner at a time, and leaves nothing behind', async () => {
  let [inside, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, (inside += 1));
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withLock(file, work)));
  expect(most).toBe(1);
  expect(await readdir(home)).toEqual([]);
});

it('of a dead owner goes to only one of many waiters', async () => {
  for (let round = 0; round < 10; round += 1) {
    await writeFile(file, DEAD);
    const wins = await Promise.all(Array.from({ length: 6 }, () => tries(5)));
    expect(wins.filter(Boolean)).toHaveLength(1);
    await rm(file, { force: true });
  }
});

it('that is still empty belongs to its writer for a while', async () => {
  await writeFile(file, '');
  const own = await nameOf(process.pid);
  expect(await taken(file, own)).toBe(false);
  expect(existsSync(file)).toBe(true);
  const before = new Date(Date.now() - 10_000);
  await utimes(file, before, before);
  expect([await taken(file, own), await taken(file, own)]).toEqual([false, true]);
});

it('of a living owner is not taken', async () => {
  await another();
  const own = await nameOf(process.pid);
  expect([await taken(file, own), await taken(file, own)]).toEqual([false, false]);
});

it('of a frozen owner is taken over after a while, and the owner is ended', async () => {
  const child = await another();
  child.kill('SIGSTOP');
  const own = await nameOf(process.pid);
  const clock = jest.spyOn(Date, 'now');
  const at = (ms: number) => clock.mockReturnValue(1_000_000 + ms);
  at(0);
  while (!(await taken(file, own).then(async () => (await stateOf(child)) === 'T')));
  at(19_000);
  expect(await taken(file, own)).toBe(false);
  expect(child.signalCode).toBeNull();
  at(41_000);
  const ended = once(child, 'exit');
  expect(await taken(file, own)).toBe(false);
  expect((await ended)[1]).toBe('SIGKILL');
  while (!(await taken(file, own)));
});

it('of an owner that continues in time stays with that owner', async () => {
  const child = await another();
  const own = await nameOf(process.pid);
  const clock = jest.spyOn(Date, 'now');
  child.kill('SIGSTOP');
  clock.mockReturnValue(1_000_000);
  while (!(await taken(file, own).then(async () => (await stateOf(child)) === 'T')));
  child.kill('SIGCONT');
  while ((await stateOf(child)) === 'T');
  await taken(file, own);
  child.kill('SIGSTOP');
  clock.mockReturnValue(1_030_000);
  while ((await stateOf(child)) !== 'T');
  await taken(file, own);
  expect(child.signalCode).toBeNull();
});

it('gives an owner that freezes again the full time', async () => {
  const child = await another();
  const own = await nameOf(process.pid);
  const clock = jest.spyOn(Date, 'now');
  child.kill('SIGSTOP');
  while ((await stateOf(child)) !== 'T');
  clock.mockReturnValue(1_000_000);
  await taken(file, own);
  await rm(file);
  expect(await taken(file, own)).toBe(true);
  await writeFile(file, await nameOf(child.pid!));
  clock.mockReturnValue(2_000_000);
  const kill = jest.spyOn(process, 'kill');
  await taken(file, own);
  expect(kill).not.toHaveBeenCalled();
});

it('of an owner in another container is not taken until its lease expires, whatever its pid means here', async () => {
  const elsewhere = { ...(await ownOrigin()), namespace: 'pid:[1]' };
  await writeFile(file, JSON.stringify({ pid: 2 ** 22 + 1, token: 'long ago', origin: elsewhere }));
  const own = await nameOf(process.pid);
  const clock = jest.spyOn(Date, 'now');
  const at = (ms: number) => clock.mockReturnValue(1_000_000 + ms);
  at(0);
  expect(await taken(file, own)).toBe(false);
  at(LEASE_MS - 1);
  expect(await taken(file, own)).toBe(false);
  const touched = new Date(5_000);
  await utimes(file, touched, touched); // The owner lives, although its clock differs.
  at(LEASE_MS + 1);
  expect(await taken(file, own)).toBe(false);
  at(2 * LEASE_MS + 1);
  expect([await taken(file, own), await taken(file, own)]).toEqual([false, true]);
});

it('is touched while it is owned, and an owner that has lost it ends itself', async () => {
  const locks = new URL('../../../../activities/adapters/processes/locks.ts', import.meta.url).href;
  const code = `import { withLock } from ${JSON.stringify(locks)};
    setInterval(() => undefined, 1000);
    await withLock(${JSON.stringify(file)}, () => new Promise(() => undefined));`;
  await writeFile(path.join(home, 'holder.mts'), code);
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), path.join(home, 'holder.mts')], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'ignore',
  });
  children.push(child);
  const ended = once(child, 'exit');
  await until('it holds the lock', () => existsSync(file));
  await utimes(file, new Date(5_000), new Date(5_000));
  await until('it is touched', async () => (await stat(file)).mtimeMs > 5_000);
  await writeFile(file, await nameOf(process.pid));
  expect((await ended)[1]).toBe('SIGKILL');
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid });
});

async function stateOf({ pid }: ChildProcess): Promise<string> {
  return (await lookAt(pid!))?.stopped ? 'T' : 'R';
}
