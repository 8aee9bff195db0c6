import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { STATE_FILE } from '../../activities/adapters/state/locating.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import type { ShownRunner } from '../../client/doctor/listed-runners.ts';
import { bringBundle } from '../support/bundles.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { stateIn } from '../support/state/databases.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

/** How long a worker may not be heard of, in seconds. It ends what it runs after 8. */
const LOST = { GATEHOUSE_LOST_SECONDS: '10' };
/** On a busy machine, a worker that is begun again needs longer than `LOST` until it is heard of. */
const PATIENT = { GATEHOUSE_LOST_SECONDS: '60' };

/** Two workers with a data folder each, on one Temporal server and one database. */
const FOLDERS = ['data', 'other'] as const;
type Folder = (typeof FOLDERS)[number];

let stack: TestStack;
let state: State;
const workers = new Map<Folder, ChildProcess>();

beforeAll(async () => {
  stack = await TestStack.started(LOST);
  await stack.kill(); // its server goes on
  const other = path.join(stack.home, 'other');
  await mkdir(other);
  await symlink(path.join(stack.home, 'data', STATE_FILE), path.join(other, STATE_FILE));
  await bringBundle(other);
  state = stateIn(path.join(stack.home, 'data'));
});
beforeEach(async () => {
  await Promise.all(FOLDERS.filter((folder) => !workers.has(folder)).map((folder) => begin(folder)));
});
afterAll(async () => {
  for (const worker of workers.values()) worker.kill('SIGKILL');
  await state.close();
  await stack.start(); // to stop the server
  await stack.remove();
});

async function begin(folder: Folder, over: Record<string, string> = {}): Promise<void> {
  const worker = await stack.anotherWorker({ GATEHOUSE_DATA: path.join(stack.home, folder), ...over });
  workers.set(folder, worker);
  worker.once('exit', () => workers.get(folder) === worker && workers.delete(folder));
}

async function ended(folder: Folder, signal: NodeJS.Signals): Promise<number | null> {
  const worker = workers.get(folder)!;
  const exit = once(worker, 'exit');
  worker.kill(signal);
  return (await exit)[0] as number | null;
}

/** Starts a run whose coder works until it is let go. Returns the data folder of the worker that has the job, and the other. */
async function atWork(task: string) {
  const repository = await TestRepository.create(stack.home, task.toLowerCase());
  await repository.hold('coder');
  expect(await stack.startRun(task, repository)).toMatchObject({ code: 0 });
  await repository.noted(`begins run/default/${task}`);
  const { runner } = await state.query((db) =>
    db.selectFrom('jobs').select('runner').where('key', 'like', `run/default/${task}/%`).executeTakeFirstOrThrow(),
  );
  const ids = await Promise.all(FOLDERS.map((folder) => readFile(path.join(stack.home, folder, 'id'), 'utf8')));
  const at = ids.indexOf(runner);
  return { repository, runner, holder: FOLDERS[at]!, other: FOLDERS[1 - at]! };
}

/** The lines that the coders have written: each has begun, or ended. */
const coders = async (repository: TestRepository) =>
  (await repository.ledger())
    .filter((line) => line.includes('/coder-'))
    .map((line) => line.replace(/run\/.*\/(?=coder)/, ''));
const attemptsOf = async (task: string) => (await stack.parked(task, 'human-test')).steps[0].attempts;
const agents = (repository: TestRepository) => stack.processes(`node agent.mjs ${repository.home}`);

const runners = async (): Promise<ShownRunner[]> => (await stack.command('runners')).out;

it('a worker that is killed for good has lost its job, which begins anew on the other one', async () => {
  const { repository, holder } = await atWork('TWO-1');
  await ended(holder, 'SIGKILL');
  await until('its agent has ended itself', async () => (await agents(repository)).length === 0);
  expect(await coders(repository)).toEqual(['begins coder-1']);
  await repository.noted('begins run/default/TWO-1/');
  await until('the next one has begun', async () => (await coders(repository)).includes('begins coder-2'));
  await repository.letGo('coder');
  expect(await attemptsOf('TWO-1')).toMatchObject([{ outcome: 'evicted' }, { outcome: 'completed' }]);
  expect(await coders(repository)).toEqual(['begins coder-1', 'begins coder-2', 'ends coder-2']);
});

it('a worker that is frozen for too long has lost its job, and leaves the next one alone when it comes back', async () => {
  const { repository, holder } = await atWork('TWO-2');
  const frozen = workers.get(holder)!;
  frozen.kill('SIGSTOP');
  await until('the next one has begun', async () => (await coders(repository)).includes('begins coder-2'));
  frozen.kill('SIGCONT');
  await until('it is heard of again', async () => (await runners()).every(({ heard }) => heard));
  await repository.letGo('coder');
  expect(await attemptsOf('TWO-2')).toMatchObject([{ outcome: 'evicted' }, { outcome: 'completed' }]);
  expect(await coders(repository)).toEqual(['begins coder-1', 'begins coder-2', 'ends coder-2']);
});

it('a worker that comes back in time goes on', async () => {
  const { repository, holder } = await atWork('TWO-3');
  const frozen = workers.get(holder)!;
  frozen.kill('SIGSTOP');
  await until('it is not heard of', async () => (await runners()).some(({ heard }) => !heard));
  frozen.kill('SIGCONT');
  await until('it is heard of again', async () => (await runners()).every(({ heard }) => heard));
  await repository.letGo('coder');
  expect(await attemptsOf('TWO-3')).toMatchObject([{ outcome: 'completed' }]);
  expect(await coders(repository)).toEqual(['begins coder-1', 'ends coder-1']);
});

it('a job that is on another worker is asked about through that worker’s queue', async () => {
  await Promise.all(FOLDERS.map((folder) => ended(folder, 'SIGKILL')));
  await Promise.all(FOLDERS.map((folder) => begin(folder, PATIENT)));
  const { repository, holder, runner } = await atWork('TWO-4');
  await ended(holder, 'SIGKILL');
  await begin(holder, { ...PATIENT, GATEHOUSE_TASK_QUEUE: 'of-nobody' }); // it answers on its own queue only
  const queues = async () => {
    const shown = await stack.temporal('workflow', 'show', '--workflow-id', 'run/default/TWO-4', '--output', 'json');
    return [...shown.matchAll(/"taskQueue":\s*\{\s*"name":\s*"([^"]+)"/g)].map(([, name]) => name);
  };
  await until('it was asked', async () => (await queues()).includes(`gatehouse-runner-${runner}`));
  await repository.letGo('coder');
  const attempts = await attemptsOf('TWO-4');
  await ended(holder, 'SIGKILL'); // so that the next test begins one that answers all
  expect(attempts).toMatchObject([{ outcome: 'completed' }]);
  expect(await coders(repository)).toEqual(['begins coder-1', 'ends coder-1']);
});

it('a worker that is stopped lets its job end, while the other one does the rest', async () => {
  const { repository, holder } = await atWork('TWO-5');
  const exit = ended(holder, 'SIGTERM');
  await until('it drains', async () => (await runners()).some(({ drainingSince }) => drainingSince !== undefined));
  await repository.letGo('coder');
  expect(await exit).toBe(0);
  expect(await attemptsOf('TWO-5')).toMatchObject([{ outcome: 'completed' }]);
  expect(await coders(repository)).toEqual(['begins coder-1', 'ends coder-1']);
});
