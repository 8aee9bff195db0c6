import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ownOrigin } from '../../activities/adapters/processes/tokens.ts';
import { TestRepository, TestStack, until } from '../support/stack.ts';

jest.setTimeout(180_000);

let stack: TestStack;
beforeEach(async () => void (stack = await TestStack.started()));
afterEach(() => stack.remove());

/** The stack's worker and server: what its own process has begun, and ends. */
async function begun(): Promise<number[]> {
  const server = JSON.parse(await readFile(path.join(stack.home, 'data', 'temporal.pid'), 'utf8'));
  return [await stack.workerPid(), server.pid];
}
const gone = (pids: number[]) =>
  until(`${pids.join(', ')} are gone`, async () => (await stack.all()).every((pid) => !pids.includes(pid)));

/** A run whose agent is at work until it is let go, or ended. */
async function atWork(): Promise<void> {
  const repository = await TestRepository.create(stack.home, 'shop');
  await repository.hold('coder');
  await stack.startRun('STOP-1', repository);
  await repository.noted('begins run/default/STOP-1');
}

describe('a stack that is ended leaves nothing behind, and starts nothing again', () => {
  it('when its worker and its server were ended with it, and are gone before it hears of it', async () => {
    const pids = await begun();
    const code = await stack.endedBy(async (up) => {
      for (const pid of pids) process.kill(pid, 'SIGTERM');
      await gone(pids);
      up.kill('SIGTERM');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });

  it('when all were ended at once, and it hears of it last', async () => {
    const pids = await begun();
    const code = await stack.endedBy(async (up) => {
      up.kill('SIGSTOP');
      for (const pid of [...pids, up.pid!]) process.kill(pid, 'SIGTERM');
      await gone([pids[1]!]);
      up.kill('SIGCONT');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(stack.words).not.toContain('starting it again');
    expect(await stack.all()).toEqual([]);
  });

  it('when all were ended at once while an agent was at work', async () => {
    await atWork();
    const pids = await begun();
    const code = await stack.endedBy((up) => {
      for (const pid of [...pids, up.pid!]) process.kill(pid, 'SIGTERM');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });

  it('when whoever listened to it has ended before it', async () => {
    await atWork();
    const code = await stack.endedBy((up) => {
      for (const stream of [up.stdout, up.stderr]) stream?.destroy();
      up.kill('SIGINT');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });
});

it('a stack that cannot end all that it ran says what, and exits with 1', async () => {
  await atWork();
  const jobs = path.join(stack.home, 'data', 'jobs');
  const [job] = (await readdir(jobs, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const run = path.join(jobs, job!.name, 'run');
  const record = path.join(run, 'process.json');
  const launched = JSON.parse(await readFile(record, 'utf8'));
  // As if it ran in another container, and lived on whatever it is asked: it says that it lives, and nobody here sees more.
  await writeFile(record, JSON.stringify({ ...launched, origin: { ...(await ownOrigin()), namespace: 'pid:[1]' } }));
  const lives = setInterval(() => void writeFile(path.join(run, 'alive'), ''), 500);
  process.kill(-launched.pid, 'SIGKILL');
  try {
    expect(await stack.stop()).toBe(1);
  } finally {
    clearInterval(lives);
  }
  expect(stack.words).toContain(
    `The processes of ${run} run in another container or on another machine, and do not end`,
  );
  expect(stack.words).toContain('not everything could be stopped: see above');
  await stack.start();
  expect(await stack.stop()).toBe(0);
});
