import { explained } from '../../../client/cli/texts/explaining.ts';
import { asEnded, type Ended } from '../../../client/ends.ts';
import type { Pending } from '../../../client/pending.ts';
import type { Read } from '../../../client/runs.ts';

const step = (n: number, kind: string, state: string) => ({ step: n, id: `${n}-${kind}`, kind, state, attempts: [] });
const waiting = (what: string, detail: string) => ({ what, detail, since: '12:00', offers: ['pause', 'stop'] });
const running = {
  workflowId: 'run/default/PAY-1',
  workspace: 'default',
  task: { id: 'PAY-1', title: 'T' },
  change: { repository: '/shop', branch: 'gatehouse/PAY-1' },
  status: 'running',
  steps: [step(1, 'coder', 'done'), step(2, 'ci', 'working'), step(3, 'merger', 'pending')],
  current: { step: 2, id: '2-ci', kind: 'ci', phase: 'probing', offers: [] },
  waitingOn: waiting('checks', 'Checks (4f2c1ab8) are awaited'),
};

const tell = (end: Ended, over: object = {}, pending: Pending[] = []): string =>
  explained({ run: asEnded({ ...running, ...over } as unknown as Read['run'], end), end, pending }).join('\n');
const lost = (over: Partial<Extract<Ended, { is: 'lost' }>> = {}): Ended => ({
  is: 'lost',
  status: 'FAILED',
  type: 'job_failed',
  message: 'ci-fixer changed nothing.',
  fields: [],
  ...over,
});
const failed = {
  status: 'failed',
  current: null,
  waitingOn: { ...waiting('nothing', 'The run is failed.'), offers: [] },
  steps: [step(1, 'coder', 'done'), step(2, 'ci', 'failed'), step(3, 'merger', 'pending')],
};
const pendingCheck = (over: Partial<Pending>): Pending => ({
  activity: 'settledChecks',
  attempt: 4,
  because: '1 of 2 checks pending: test',
  waiting: true,
  ...over,
});

describe('the explanation of a live run', () => {
  it('shows the progress of its wait', () => {
    expect(tell({ is: 'live' }, {}, [pendingCheck({})])).toContain('So far: 1 of 2 checks pending: test.');
  });

  it('omits the polling status while the run waits for a person', () => {
    const parked = { status: 'parked', waitingOn: waiting('person', 'Try it') };
    expect(tell({ is: 'live' }, parked, [pendingCheck({ because: 'it stands' })])).not.toContain('it stands');
  });

  it('names the time at which an agent that cannot work now is tried again', () => {
    const waitingOn = {
      ...waiting('agent', 'coder waits until its agent is available: usage limit.'),
      nextLook: '14:00',
    };
    const reported = tell({ is: 'live' }, { waitingOn }, [pendingCheck({ because: 'usage limit. Next try: 14:00' })]);
    expect(reported).toContain('The agent is tried again at 14:00');
    expect(reported).not.toContain('time limit');
  });

  it('names a failing activity as soon as the server knows of it, and mentions no time limit', () => {
    const reported = tell({ is: 'live' }, { waitingOn: waiting('agent', 'coder is at work') }, [
      pendingCheck({ activity: 'runJob', because: 'no disk', waiting: false }),
    ]);
    expect(reported).toContain('coder is at work. Failing: no disk (runJob: attempt 4; it is retried).');
    expect(reported).not.toContain('limits');
    expect(reported).toContain('Fix the cause, or stop the run');
  });

  it('does not repeat a failure that the run already reports', () => {
    const own = { waitingOn: waiting('forge', 'Looking. ci: … has failed 3 times: no disk'), retrying: [{}] };
    const reported = tell({ is: 'live' }, own, [pendingCheck({ because: 'no disk', waiting: false })]);
    expect(reported.match(/no disk/g)).toHaveLength(1);
    expect(reported).toContain('is retried until it succeeds');
  });
});

describe('the explanation of an ended run', () => {
  it('shows the hint, the end of the output, and how to retry from the failed or an earlier step', () => {
    const reported = tell(lost({ hint: 'Look at the attempts.', detail: 'a\n\x1b[31mb' }), failed);
    expect(reported.split('\n')).toEqual([
      'run/default/PAY-1 failed (job_failed) at 2-ci: ci-fixer changed nothing.',
      'Look at the attempts.',
      '  | a',
      '  | [31mb',
      'Next: npx gatehouse retry PAY-1 (continues at 2-ci); npx gatehouse retry PAY-1 --from N (from an earlier step: 1 is 1-coder).',
    ]);
  });

  it('names any workspace other than the default', () => {
    const shop = { ...failed, workflowId: 'run/shop/PAY-1', workspace: 'shop' };
    expect(tell(lost(), shop)).toContain('npx gatehouse retry shop/PAY-1');
  });

  it.each([
    ['TERMINATED', 'stopped', 'was terminated'],
    ['TIMED_OUT', 'failed', 'has timed out'],
  ])('does not report a run as live once its status in Temporal is %s', (status, counts, word) => {
    const end = lost({ status, type: 'x', message: 'It was terminated by the history service: too large' });
    const reported = tell(end);
    expect(reported).toContain(`run/default/PAY-1 ${word}`);
    expect(reported).toContain('too large');
    expect(reported).toContain('npx gatehouse retry PAY-1 (continues at 2-ci)');
    expect(reported).not.toMatch(/is running|On offer now/);
    expect(asEnded(running as never, end)).toMatchObject({
      status: counts,
      current: null,
      waitingOn: { what: 'nothing' },
    });
  });

  it('names the bad fields of a refused input, and suggests no retry', () => {
    const bare = {
      workflowId: 'run/default/PAY-1',
      status: 'failed',
      steps: [],
      current: null,
      waitingOn: failed.waitingOn,
    };
    const read = { run: bare, end: lost({ type: 'invalid_input', message: 'tsk: no such key here' }), pending: [] };
    expect(explained(read as unknown as Read)).toEqual([
      'run/default/PAY-1 failed (invalid_input): tsk: no such key here',
      'Next: correct the fields named above, then start the run again.',
    ]);
  });

  it('suggests nothing after a merge, unless a later step failed', () => {
    const merged: Ended = { is: 'done', result: { outcome: 'merged' } };
    const steps = [step(1, 'coder', 'done')];
    expect(tell(merged, { ...failed, status: 'passed', steps })).toBe(
      'run/default/PAY-1 has ended: merged.\nThere is nothing left to do.',
    );
    const later = [...steps, step(2, 'tracker', 'failed')];
    expect(tell(merged, { ...failed, status: 'passed', steps: later })).toContain('retry PAY-1 --from 2');
  });
});
