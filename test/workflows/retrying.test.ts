import { jest } from '@jest/globals';
import { wish } from '../support/builders.ts';
import type { World } from '../support/sandbox.ts';
import { clusterWith, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const ENV = 'env/default/PAY-142';
const STEPS = ['coder', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));
const gone = (over: object = {}) => ({
  activity: 'changeMoved',
  failures: 3,
  since: '2026-01-01T00:00:00.000Z',
  message: 'The base branch main of /srv/shop.git does not exist.',
  ...over,
});

async function play(world: World = {}) {
  const cluster = clusterWith(world);
  const run = await startRun(cluster, wish(...STEPS));
  const said = async () => (await run.query('waitingOn')).detail as string;
  const tell = async (id: string, retrying: unknown) => {
    await cluster.executions.get(id)!.signal('_retrying', retrying);
    await cluster.settle();
  };
  const notices = async () => (await run.query('run')).notices.filter((each: any) => each.type === 'keeps_failing');
  return { cluster, run, said, tell: (retrying: unknown, id = run.workflowId) => tell(id, retrying), notices };
}

describe('an activity that keeps failing', () => {
  it('is shown in waitingOn and in the Web UI until it works again', async () => {
    const { run, said, tell } = await play();
    const before = await said();
    await tell(gone());
    expect(await said()).toBe(
      `${before}. Failing: The base branch main of /srv/shop.git does not exist ` +
        '(human-test: watching the head aaaaaaaa: failed 3 times in a row since 2026-01-01T00:00:00.000Z; it is tried again).',
    );
    expect(await run.query('__temporal_workflow_metadata')).toMatchObject({
      currentDetails: expect.stringContaining('Failing: The base branch main of /srv/shop.git does not exist'),
    });
    await tell(gone({ failures: 0 }));
    expect(await said()).toBe(before);
  });

  it('is no longer shown once the run waits for something else, even if its report arrives late', async () => {
    const { run, said, tell, cluster } = await play();
    await tell(gone());
    await run.update('pullMain');
    expect(await said()).not.toContain('does not exist');
    await cluster.advance(1_000);
    await tell(gone({ failures: 3 }));
    expect(await said()).toContain('does not exist');
    await run.update('requestFix', { findings: 'The total lacks the tax.' });
    expect(await said()).not.toContain('does not exist');
    await tell(gone({ activity: 'updateFromBase' }));
    expect(await said()).not.toContain('does not exist');
  });

  it('sends one notice at the tenth failure, which is cleared when it works again', async () => {
    const { tell, notices } = await play();
    await tell(gone({ failures: 9 }));
    expect(await notices()).toEqual([]);
    await tell(gone({ failures: 10 }));
    await tell(gone({ failures: 30 }));
    expect(await notices()).toMatchObject([
      { id: '2-human-test#1/keeps_failing', text: expect.stringContaining('does not exist') },
    ]);
    await tell(gone({ failures: 0 }));
    expect(await notices()).toMatchObject([{ clearedAt: expect.any(String) }]);
  });

  it('is shown for the environment too', async () => {
    const { said, tell, cluster } = await play({ environmentEnded: () => new Promise(() => undefined) });
    await tell(gone({ activity: 'environmentEnded', message: 'no disk' }), ENV);
    expect(await said()).toMatch(
      /Failing: no disk \(environment: watching that the environment stays up: failed 3 times in a row/,
    );
    await tell(gone({ activity: 'environmentEnded', failures: 0, message: '' }), ENV);
    expect(await said()).not.toContain('no disk');
    await cluster.settle();
  });

  it.each([
    undefined,
    null,
    'x',
    7,
    [],
    {},
    { activity: 'changeMoved' },
    gone({ failures: -1 }),
    gone({ activity: 'nonsense' }),
  ])('is not reported by an invalid signal: %j', async (raw) => {
    const { said, tell } = await play();
    const before = await said();
    await tell(raw);
    expect(await said()).toBe(before);
  });
});
