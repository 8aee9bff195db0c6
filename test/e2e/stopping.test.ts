import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ownOrigin } from '../../activities/adapters/processes/tokens.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(180_000);

let stack: TestStack;
beforeEach(async () => void (stack = await TestStack.started()));
afterEach(() => stack.remove());

/** The worker and the server: the processes that the stack has started, and stops. */
async function begun(): Promise<number[]> {
  const server = JSON.parse(await readFile(path.join(stack.home, 'data', 'temporal.pid'), 'utf8'));
  return [await stack.workerPid(), server.pid];
}
const gone = (pids: number[]) =>
  until(`${pids.join(', ')} are gone`, async () => (await stack.all()).every((pid) => !pids.includes(pid)));

/** Starts a run whose agent works until it is released or stopped. */
async function atWork(): Promise<void> {
  const repository = await TestRepository.create(stack.home, 'shop');
  await repository.hold('coder');
  await stack.startRun('STOP-1', repository);
  await repository.noted('begins run/default/STOP-1');
}

describe('a stack leaves nothing behind, and restarts nothing, if it is stopped', () => {
  it('after its worker and its server have already ended', async () => {
    const pids = await begun();
    const code = await stack.endedBy(async (up) => {
      for (const pid of pids) process.kill(pid, 'SIGTERM');
      await gone(pids);
      up.kill('SIGTERM');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });

  it('as the last one, after all got the signal at once', async () => {
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

  it('with all of its processes at once, while an agent works', async () => {
    await atWork();
    const pids = await begun();
    const code = await stack.endedBy((up) => {
      for (const pid of [...pids, up.pid!]) process.kill(pid, 'SIGTERM');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });

  it('after the reader of its output has closed', async () => {
    await atWork();
    const code = await stack.endedBy((up) => {
      for (const stream of [up.stdout, up.stderr]) stream?.destroy();
      up.kill('SIGINT');
    });
    expect(`${stack.words}exit code ${code}`).toMatch(/exit code 0$/);
    expect(await stack.all()).toEqual([]);
  });
});

it('a stack that cannot stop all of its processes names them, and exits with 1', async () => {
  await atWork();
  const jobs = path.join(stack.home, 'data', 'jobs');
  const [job] = (await readdir(jobs, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const run = path.join(jobs, job!.name, 'run');
  const record = path.join(run, 'process.json');
  const launched = JSON.parse(await readFile(record, 'utf8'));
  // As if the process ran in another container and ignored every request: it claims to be alive, and nobody here can
  // check.
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
