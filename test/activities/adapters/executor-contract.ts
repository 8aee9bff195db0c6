import type { Attempt, Executor } from '../../../activities/ports.ts';
import type { Job, JobReport } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import { until } from '../../support/until.ts';

/**
 * The needs of the suite for executors: jobs that end, jobs that do not, jobs whose agent cannot work now but in 2 s, and
 * the number of jobs that have begun. All have the same agent.
 */
export interface ExecutorRig {
  /** Opens the executor, as another worker would. */
  open(): Executor;
  job(what: 'quick' | 'endless' | 'not-now', over?: Partial<Job>): Promise<Job>;
  /** A change whose repository has an agent for `coder`, and for no other role. */
  withCoderOnly(): Promise<Change>;
  /** The total number of jobs that have begun. */
  begun(): Promise<number>;
  dispose(): Promise<void>;
}

const FIRST: Attempt = { activity: 'a-run 7', n: 1, at: 1_000 };
const SECOND: Attempt = { activity: 'a-run 7', n: 2, at: 2_000 };
/** An attempt of a run that was reset: another activity, whose attempts are counted from one again. */
const ANEW: Attempt = { activity: 'its-successor 7', n: 1, at: 3_000 };

const ended = (executor: Executor, { key }: Job): Promise<JobReport> =>
  until(`${key} ends`, async () => {
    const status = await executor.look(key);
    return status.is === 'running' ? undefined : status;
  });

/** What every executor must do. */
export function executorContract(name: string, rigOf: () => Promise<ExecutorRig>): void {
  describe(`${name} as an executor`, () => {
    let rig: ExecutorRig;
    let executor: Executor;
    beforeEach(async () => {
      rig = await rigOf();
      executor = rig.open();
    });
    afterEach(() => rig.dispose());

    it('reports roles that it could not serve', async () => {
      const change = await rig.withCoderOnly();
      expect(await executor.examine(change, ['coder'])).toEqual([]);
      expect(await executor.examine(change, ['coder', 'tester'])).toMatchObject([
        { path: '.gatehouse.yml:agents.tester' },
      ]);
    });

    it('runs a job once per key, and keeps its report forever [A-195]', async () => {
      const job = await rig.job('quick');
      expect(await executor.knows(job.key)).toBe(false);
      for (let n = 0; n < 3; n += 1) await executor.ensure(job);
      const first = await ended(executor, job);
      await executor.ensure(job);
      expect(await executor.look(job.key)).toEqual(first);
      expect(await executor.knows(job.key)).toBe(true);
      expect(await rig.begun()).toBe(1);
    });

    it('lists unfinished jobs until they have ended or were stopped', async () => {
      const quick = await rig.job('quick');
      await executor.ensure(quick);
      await ended(executor, quick);
      expect(await executor.list()).toEqual([]);
      const endless = await rig.job('endless', { key: 'run/default/T-2/000000000002/x/coder-1' });
      await executor.ensure(endless);
      expect(await executor.list()).toEqual([{ key: endless.key, running: true }]);
      await executor.stop(endless.key);
      expect(await executor.list()).toEqual([]);
    });

    it('reports an unknown job as evicted', async () => {
      expect(await executor.look('never')).toMatchObject({ is: 'evicted' });
    });

    it('stops a job that it has not begun, and then never begins it', async () => {
      const job = await rig.job('quick');
      await executor.stop(job.key);
      await executor.ensure(job);
      expect(await executor.look(job.key)).toMatchObject({ is: 'stopped' });
      expect(await rig.begun()).toBe(0);
    });

    it.each([
      ['a later attempt of its activity', SECOND],
      ['an attempt of a later activity', ANEW],
    ])('leaves a job alone once %s has adopted it', async (_, later) => {
      const job = await rig.job('endless');
      await executor.ensure(job, FIRST);
      await executor.ensure(job, later);

      expect(await executor.stop(job.key, 'It was called off.', FIRST)).toBe(false);
      await expect(executor.ensure(job, FIRST)).rejects.toMatchObject({ name: 'Superseded' });
      await expect(executor.look(job.key, FIRST)).rejects.toMatchObject({ name: 'Superseded' });
      expect(await executor.look(job.key, later)).toMatchObject({ is: 'running' });

      expect(await executor.stop(job.key, 'It was called off.', later)).toBe(true);
      expect(await executor.look(job.key, FIRST)).toMatchObject({ is: 'stopped' }); // any attempt may read it
    });

    const named = (n: number) => ({ key: `run/default/T-${n}/00000000000${n}/1-coder/coder-1` });
    const mayBegin = ({ key, role, change }: Job) =>
      until(
        `${key} may begin`,
        async () => (await executor.unavailable({ key, role, change })) === undefined || undefined,
      );

    it('holds jobs of an agent that cannot work now, until exactly one of them tries it', async () => {
      expect(await executor.unavailable(await rig.job('quick'))).toBeUndefined();
      const refused = await rig.job('not-now');
      await executor.ensure(refused);
      const report = await ended(executor, refused);
      expect(report).toMatchObject({ is: 'notNow', because: 'usage limit reached', until: expect.any(String) });
      expect(await executor.look(refused.key)).toEqual(report);

      const [one, other] = [await rig.job('endless', named(2)), await rig.job('endless', named(3))];
      expect(await executor.unavailable(one)).toMatchObject({ because: 'usage limit reached' });
      await mayBegin(one);
      expect(await executor.unavailable(other)).toMatchObject({ tried: one.key });
      expect(await executor.unavailable(one)).toBeUndefined(); // the same one may ask again
      await executor.ensure(one);
      expect(await executor.unavailable(other)).toMatchObject({ tried: one.key });

      await executor.stop(one.key);
      expect(await executor.unavailable(other)).toBeUndefined(); // the next one tries
      const quick = await rig.job('quick', named(3));
      await executor.ensure(quick);
      await ended(executor, quick);
      for (const n of [4, 5]) expect(await executor.unavailable(await rig.job('quick', named(n)))).toBeUndefined();
    });

    it('stops a job for its run, whichever attempt owns it', async () => {
      const job = await rig.job('endless');
      await executor.ensure(job, SECOND);
      expect(await executor.stop(job.key)).toBe(true);
      expect(await executor.look(job.key, SECOND)).toMatchObject({ is: 'stopped' });
    });
  });
}
