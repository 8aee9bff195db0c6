import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { fileLedger } from '../../../../activities/adapters/file-ledger.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { lookAt } from '../../../../activities/adapters/processes/tokens.ts';
import type { Attempt, Executor } from '../../../../activities/ports.ts';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import { AgentRig } from '../../../support/agents.ts';
import { inCheckouts } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';
import { until } from '../../../support/until.ts';
import { stateIn } from '../../../support/state/databases.ts';

jest.setTimeout(90_000);

const FIRST: Attempt = { activity: 'a-run 7', n: 1, at: 1_000 };
const SECOND: Attempt = { activity: 'a-run 7', n: 2, at: 2_000 };

let rig: AgentRig;
const workers: ChildProcess[] = [];
beforeEach(async () => {
  rig = await AgentRig.create();
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const worker of workers.splice(0)) worker.kill('SIGKILL');
  await rig.dispose();
});

const at = (name: string) => path.join(rig.home, name);
const open = () => {
  const ledger = fileLedger(at('ledger'));
  return commandExecutor(inCheckouts({ root: at('data'), environment: process.env, ledger }));
};
const ended = (executor: Executor, { key }: Job, by?: Attempt): Promise<JobReport> =>
  until(`${key} ends`, async () => {
    const look = await executor.look(key, by);
    return look.is === 'running' ? undefined : look;
  });

describe('a job that one worker is settling when another one adopts it', () => {
  it('is settled by the first worker if that continues in time', async () => {
    const { job, worker, goOn } = await settling();
    worker.kill('SIGSTOP');
    await until('it stands still', () => isStopped(worker));
    const executor = open();
    const adopted = executor.ensure(job, SECOND);
    await goOn();
    await adopted;
    const report = await ended(executor, job, SECOND);
    expect(report).toMatchObject({ is: 'completed', changed: true });
    await onceSettled(job, report);
  });

  it('is settled by the second worker if the first one stays frozen, which is then ended', async () => {
    const { job, worker } = await settling();
    worker.kill('SIGSTOP');
    await until('it stands still', () => isStopped(worker));
    const exit = once(worker, 'exit');
    const executor = open();
    const now = Date.now.bind(Date);
    let ahead = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + (ahead += 1_000));
    await executor.ensure(job, SECOND);
    jest.restoreAllMocks();
    expect((await exit)[1]).toBe('SIGKILL');
    const report = await ended(executor, job, SECOND);
    expect(report).toMatchObject({ is: 'completed', changed: true });
    await onceSettled(job, report);
  });

  it('is left alone by the first worker if its leases were taken over meanwhile, as from another container', async () => {
    const { job, worker, goOn, said } = await settling();
    worker.kill('SIGSTOP');
    await until('it stands still', () => isStopped(worker));
    await takeOver(worker);
    const executor = open();
    await executor.ensure(job, SECOND);
    const report = await ended(executor, job, SECOND);
    await goOn();
    await until('it has gone on', () => said().includes('Superseded'));
    await onceSettled(job, report);
    expect(await executor.look(job.key, SECOND)).toEqual(report);
  });
});

const isStopped = async ({ pid }: ChildProcess) => (await lookAt(pid!))?.stopped;

/** Takes away all its leases, as others do once they have expired. */
async function takeOver({ pid }: ChildProcess): Promise<void> {
  await stateIn(at('data')).transaction(async (db) => {
    const sessions = await db.selectFrom('sessions').select(['id', 'process']).execute();
    for (const session of sessions.filter(({ process }) => JSON.parse(process).pid === pid)) {
      await db.deleteFrom('leases').where('session', '=', session.id).execute();
    }
  });
}

/** A job whose agent has ended, and its first worker, whose git blocks during settling for as long as the test likes. */
async function settling() {
  const job = await rig.job('echo x > x.txt');
  const { stdout: git } = await program('/bin/sh', ['-c', 'command -v git']);
  await mkdir(at('bin'));
  const held = `case "$*" in *settling.git*) : > ${at('settling')}; until [ -e ${at('go')} ] || [ ! -e ${at('bin')} ]; do sleep 0.02; done ;; esac`;
  await writeFile(at('bin/git'), `#!/bin/sh\n${held}\nexec ${git} "$@"\n`);
  await chmod(at('bin/git'), 0o755);

  const local = new URL('../../../../activities/adapters/local/', import.meta.url).href;
  await writeFile(
    at('worker.mts'),
    `import { commandExecutor } from '${local}command-executor/index.ts';
    import { fileLedger } from '${local}../file-ledger.ts';
    import { inCheckouts } from '${new URL('../../../support/local.ts', import.meta.url).href}';
    const options = { root: ${JSON.stringify(at('data'))}, environment: process.env, ledger: fileLedger(${JSON.stringify(at('ledger'))}) };
    const executor = commandExecutor(inCheckouts(options));
    const [job, by] = ${JSON.stringify([job, FIRST])};
    setInterval(() => undefined, 1000);
    await executor.ensure(job, by);
    for (let look = { is: 'running' }; look.is === 'running';) {
      look = await executor.look(job.key, by).catch((failure) => ({ is: failure.name }));
      console.log(look.is);
    }`,
  );
  const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), at('worker.mts')], {
    env: { ...process.env, NODE_OPTIONS: '', PATH: `${at('bin')}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  workers.push(worker);
  let printed = '';
  worker.stdout!.on('data', (data) => (printed += String(data)));
  await until('it is being settled', () => existsSync(at('settling')));
  const goOn = async () => {
    worker.kill('SIGCONT');
    await writeFile(at('go'), '');
  };
  return { job, worker, goOn, said: () => printed };
}

/** Expects that one commit of the agent was pushed once, and that this report is the one on record. */
async function onceSettled(job: Job, report: JobReport): Promise<void> {
  expect(await rig.git('rev-list', '--count', 'main..work')).toBe('1');
  expect(await open().look(job.key)).toEqual(report);
  const effects = (await rig.read('ledger')).split('\n').filter(Boolean);
  const times = (effect: string) => effects.filter((line) => JSON.parse(line).effect === effect).length;
  expect(['job-started', 'branch-pushed', 'job-ended'].map(times)).toEqual([1, 1, 1]);
}
