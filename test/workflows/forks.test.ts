import { jest } from '@jest/globals';
import { change, green, HEAD, HEADS, ready } from '../support/builders.ts';
import { playRun } from '../support/playing.ts';
import type { World } from '../support/sandbox.ts';

jest.setTimeout(60_000);

const fork = { ...ready, change: { ...change, pullRequest: 17 }, head: HEAD, fork: true };
const effects = (log: readonly string[]) => log.filter((name) => /runJob|settledChecks|provision/.test(name));

const playFork = (steps: Parameters<typeof playRun>[0], world: World = {}) =>
  playRun(steps, { examine: () => fork, ...world });

describe('a pull request from a fork', () => {
  it.each([
    ['a job', [{ kind: 'researcher' }], 'runJob'],
    ['checks', [{ kind: 'ci', attempts: 0 }], 'settledChecks'],
    ['a preview', [{ kind: 'human-test', fixes: 0 }], 'provisionEnvironment'],
  ])('runs nothing for %s before a person has said so', async (_, steps, effect) => {
    const { run, look, cluster } = await playFork(steps);
    expect(effects(cluster.log)).toEqual([]);
    expect(await look()).toMatchObject({
      status: 'parked',
      waitingOn: { what: 'person', offers: ['proceed', 'pause', 'stop', 'restartFrom'] },
      current: {
        phase: 'parked',
        visit: `1-${steps[0]!.kind}#1`,
        because:
          'Pull request 17 comes from a fork, and nothing of its code has run here yet. ' +
          'Read commit aaaaaaaa before you let it run.',
      },
      notices: [{ type: 'approval_required' }],
    });
    expect(await run.update('proceed', { by: 'ana' })).toMatchObject({ ok: {} });
    await cluster.settle();
    expect(effects(cluster.log)[0]).toBe(effect);
  });

  it('is asked about once for a commit, however many steps run it', async () => {
    const { run, look } = await playFork([{ kind: 'researcher' }, { kind: 'ci', attempts: 0 }]);
    await run.update('proceed');
    expect((await look()).visits).toEqual({ '1-researcher': 1 });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });

  it('is asked about again when its author pushes, and no check of that commit begins before', async () => {
    const asked: object[] = [];
    let head = HEAD;
    const { run, look, cluster } = await playFork([{ kind: 'ci', attempts: 0 }], {
      settledChecks: (question) => {
        asked.push({ known: question.known, onlyKnown: question.onlyKnown });
        if (asked.length > 1) return green(question.known);
        head = HEADS[1]!;
        return { ...green(head), checks: [], isOther: true };
      },
    });
    await run.update('proceed');
    await cluster.settle();
    expect(await look()).toMatchObject({
      status: 'parked',
      current: { visit: '1-ci#2', because: expect.stringContaining('Read commit cccccccc') },
    });
    await run.update('proceed');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', head } });
    expect(asked).toEqual([
      { known: HEAD, onlyKnown: true },
      { known: HEADS[1], onlyKnown: true },
    ]);
  });

  it('is asked about in the execution that continues the run', async () => {
    const { run, cluster, look } = await playFork([{ kind: 'researcher' }]);
    run.suggestContinueAsNew = true;
    await run.signal('hint', { about: 'change' });
    await cluster.advance(3 * 3_600_000);
    expect(run.handed).toHaveLength(1);
    run.suggestContinueAsNew = false;
    expect(await look()).toMatchObject({
      current: { visit: '1-researcher#1', offers: [{ action: 'proceed' }, {}, {}, {}] },
    });
    expect(effects(cluster.log)).toEqual([]);
    await run.update('proceed');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
});

describe('a task without a title', () => {
  const wished = (over: object) => ({
    task: { id: 'PAY-142' },
    change: { repository: 'https://git.example/acme/shop' },
    ...over,
  });
  const started = (over: object, found: object = {}) =>
    playRun([{ kind: 'researcher' }], { examine: () => ({ ...ready, ...found }) }, wished(over));

  it.each([
    ['by its number', { change: { repository: 'https://git.example/acme/shop.git', pullRequest: 17 } }],
    ['by its address', { change: { repository: 'https://git.example/acme/shop/pulls/17' } }],
  ])('has the title and description of the pull request that is named %s', async (_, over) => {
    const heard: object[] = [];
    const { look, run, cluster } = await playRun(
      [{ kind: 'researcher', approval: true }, { kind: 'researcher' }],
      {
        examine: ({ input }) => {
          heard.push(input.task);
          return { ...ready, title: ' Totals\u202e with tax\n', description: 'As in the law.' };
        },
      },
      wished(over),
    );
    expect(heard).toMatchObject([{ id: 'PAY-142', title: 'acme/shop#17' }]);
    const task = { id: 'PAY-142', title: 'Totals with tax', description: 'As in the law.' };
    expect((await look()).task).toMatchObject(task);
    run.suggestContinueAsNew = true;
    await run.signal('hint', { about: 'change' });
    await cluster.advance(3 * 3_600_000);
    expect(run.handed).toHaveLength(1);
    expect((await look()).task).toMatchObject(task);
  });

  it('keeps its own title, and takes the description that it lacks', async () => {
    const task = { id: 'PAY-142', title: 'Mine' };
    const { look } = await started({ task }, { title: 'Theirs', description: 'As in the law.' });
    expect((await look()).task).toMatchObject({ title: 'Mine', description: 'As in the law.' });
  });

  it('is refused without a pull request, with whatever else is wrong', async () => {
    const { run } = await started({ policy: { ciAttempts: -1 } });
    const fields = [
      { path: 'policy.ciAttempts', expected: expect.any(String) },
      { path: 'task.title', expected: 'expected string, found nothing' },
    ];
    expect(run.closed).toMatchObject({ failure: { type: 'invalid_input', details: { fields } } });
  });
});

it('what the operator demands of a repository is part of the policy that the run keeps to and shows', async () => {
  const heard: unknown[] = [];
  const { look } = await playRun(
    [{ kind: 'researcher' }],
    {
      examine: ({ given }) => {
        heard.push(given);
        return { ...ready, policy: { maxRisk: 0.2, requireSecondPerson: true } };
      },
    },
    { policy: { maxRisk: 0.3 } },
  );
  expect(heard).toEqual([{ maxRisk: 0.3 }]);
  expect((await look()).policy).toMatchObject({ maxRisk: 0.2, requireSecondPerson: true, maxImpact: 0.5 });
});
