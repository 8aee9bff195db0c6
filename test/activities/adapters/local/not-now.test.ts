import { existsSync } from 'node:fs';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { safeName } from '../../../../activities/adapters/files/folders.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { readNotNow } from '../../../../activities/adapters/local/command-executor/not-now.ts';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import { AgentRig } from '../../../support/agents.ts';
import { inCheckouts } from '../../../support/local.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(60_000);

let rig: AgentRig;
beforeEach(async () => void (rig = await AgentRig.create()));
afterEach(() => rig.dispose());

const open = () => commandExecutor(inCheckouts({ root: path.join(rig.home, 'data'), environment: process.env }));
const key = (n: number) => `run/default/T-${n}/00000000000${n}/1-coder/coder-1`;
const run = async (script: string, over: Partial<Job> = {}): Promise<JobReport> => rig.run(await rig.job(script, over));
const result = (text: string) => `echo '${text}' > "$GATEHOUSE_RESULT"`;

describe('a command that cannot work now', () => {
  it.each([
    [
      'exit code 75, with the end of its output',
      'echo "Reading."; echo "Usage limit reached." >&2; exit 75',
      'Reading.\nUsage limit reached.',
    ],
    [
      'exit code 75, without its progress',
      `echo 'GATEHOUSE_PROGRESS {"done":1,"total":2}' >&2; echo Overloaded; exit 75`,
      'Overloaded',
    ],
    ['exit code 75, without a word', 'exit 75', 'It ended with exit code 75.'],
    ['its result', result('{"notNow":{"because":"signed out"}}'), 'signed out'],
    ['its result, whatever the exit code', `${result('{"notNow":{"because":"signed out"}}')}; exit 1`, 'signed out'],
    [
      'its result, although it was killed',
      `${result('{"notNow":{"because":"signed out"}}')}; kill -9 $$`,
      'signed out',
    ],
    [
      'its result, rather than its output',
      `${result('{"notNow":{"because":"signed out"}}')}; echo x; exit 75`,
      'signed out',
    ],
  ])('says so by %s', async (_, script, because) => {
    const began = Date.now();
    const report = (await run(script)) as Extract<JobReport, { is: 'notNow' }>;
    expect(report).toMatchObject({ is: 'notNow', because });
    expect(Date.parse(report.until!) - began).toBeGreaterThan(59_000);
    expect(Date.parse(report.until!) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it('names a time and what it has used', async () => {
    const text = '{"notNow":{"because":"limit","until":"2199-01-01T00:00:00+01:00"},"usage":{"costCents":3}}';
    expect(await run(result(text))).toMatchObject({
      is: 'notNow',
      until: '2198-12-31T23:00:00.000Z',
      usage: { costCents: 3 },
    });
    expect(
      await run(`${result('{"summary":"half","usage":{"costCents":4}}')}; exit 75`, { key: key(2) }),
    ).toMatchObject({
      is: 'notNow',
      usage: { costCents: 4 },
    });
  });

  it.each([
    ['{"notNow":{"because":"x","until":"tomorrow"}}', 'notNow.until'],
    ['{"notNow":{"because":"x","until":"2026-02-31T00:00:00Z"}}', 'notNow.until'],
    ['{"notNow":{"because":"x","until":7}}', 'notNow.until'],
    ['{"notNow":{}}', 'notNow.because'],
    ['{"notNow":true}', 'notNow'],
  ])('has a broken result: %s', async (text, where) => {
    for (const code of [0, 75]) {
      const report = await run(`${result(text)}; exit ${code}`, { key: key(code + 1) });
      expect(report).toMatchObject({ is: 'failed', because: expect.stringContaining(where) });
    }
  });

  it('has all that it did discarded, commits too', async () => {
    const script =
      'echo x > x.txt; git add x.txt; git -c user.name=a -c user.email=a commit -qm x; echo y > y.txt; exit 75';
    expect(await run(script)).toMatchObject({ is: 'notNow' });
    expect(await rig.git('branch', '--list', 'work')).toBe('');
    expect(await readdir(path.join(rig.home, 'data', 'bundles')).catch(() => [])).toEqual([]);
    expect(await readdir(path.join(rig.home, 'data', 'jobs', safeName(key(1))))).not.toContain('tree');
  });

  it('is not what another exit code means', async () => {
    expect(await run('exit 74')).toMatchObject({ is: 'failed' });
    expect(await run('echo fine', { key: key(2) })).toMatchObject({ is: 'completed' });
  });
});

it.each([
  ['{"notNow":{"because":" x ","until":"2026-11-28T10:00Z"}}', { because: 'x', until: '2026-11-28T10:00:00.000Z' }],
  ['{"notNow":{"because":"x","until":"2026-11-28"}}', { because: 'x', until: '2026-11-28T00:00:00.000Z' }],
  ['{"notNow":{"because":"x","until":null}}', { because: 'x' }],
  ['{"summary":"x"}', {}],
  ['[]', {}],
  ['not JSON', undefined],
])('reads %s', (text, said) => expect(readNotNow(text)).toEqual(said));

describe('a job that tries an agent', () => {
  const ended = (executor: ReturnType<typeof open>, job: Job) =>
    until(`${job.key} ends`, async () => {
      const look = await executor.look(job.key);
      return look.is === 'running' ? undefined : look;
    });
  /** An agent that refuses at first, and a second job that tries it at once. */
  async function trying(script: string) {
    const past = '{"notNow":{"because":"limit"}}';
    await run(result(past));
    const [entry] = await readdir(path.join(rig.home, 'data', 'unavailable'));
    const file = path.join(rig.home, 'data', 'unavailable', entry!);
    const due = async () => {
      const record = JSON.parse(await rig.read(path.relative(rig.home, file)));
      await writeFile(file, JSON.stringify({ ...record, next: new Date(0).toISOString() }));
    };
    await due();
    const executor = open();
    const job = await rig.job(script, { key: key(2) });
    const other = await rig.job(script, { key: key(3) });
    expect(await executor.unavailable(job)).toBeUndefined();
    await executor.ensure(job);
    return { executor, job, other, folder: path.join(rig.home, 'data', 'jobs', safeName(job.key)) };
  }

  it('lets the others begin once it still prints two minutes after it began', async () => {
    const { executor, job, other, folder } = await trying('echo working; sleep 60');
    await until('it has printed', async () => {
      const look = await executor.look(job.key);
      return (look.is === 'running' && look.lastOutput) || undefined;
    });
    expect(await executor.unavailable(other)).toMatchObject({ tried: job.key });
    const later = new Date(Date.now() + 130_000);
    await utimes(path.join(folder, 'run', 'stdout.log'), later, later);
    await executor.look(job.key);
    expect(await executor.unavailable(other)).toBeUndefined();
    await executor.stop(job.key);
    await executor.close();
  });

  it('lets the others begin as soon as it notes that its model has answered', async () => {
    const { executor, job, other, folder } = await trying(': > "$GATEHOUSE_ANSWERED"; sleep 60');
    await until('it has noted that', async () => (await readdir(folder)).includes('answered') || undefined);
    expect(await executor.unavailable(other)).toBeUndefined();
    await executor.stop(job.key);
    await executor.close();
  });

  it('lets another one try if it was killed and nobody polls it, as after the death of its worker', async () => {
    const { executor, job, other, folder } = await trying(': > $T/begun; sleep 60');
    expect(await executor.unavailable(other)).toMatchObject({ tried: job.key });
    // One that is killed before its command has begun counts as not launched, and may try for a quarter of an hour.
    await until('the agent has begun', () => existsSync(path.join(rig.home, 'begun')));
    const { pid } = JSON.parse(await rig.read(path.relative(rig.home, path.join(folder, 'run', 'process.json'))));
    process.kill(-pid, 'SIGKILL');
    const next = open(); // another worker
    await until('another one may try', async () => (await next.unavailable(other)) === undefined || undefined);
    await executor.stop(job.key);
  });

  it.each([
    ['that fails', 'exit 1', undefined],
    ['that ends well', 'echo done', undefined],
    ['that is refused again', 'exit 75', 2],
  ])('decides for all the others: %s', async (_, script, minutes) => {
    const { executor, job, other } = await trying(script);
    const began = Date.now();
    await ended(executor, job);
    const reported = await executor.unavailable(other);
    const wait = reported && Math.round((Date.parse(reported.until!) - began) / 60_000);
    expect(wait).toBe(minutes);
  });
});
