import { jest } from '@jest/globals';
import type { JobEnd } from '../../workflows/gates/gate.ts';
import { merger } from '../../workflows/gates/merger.ts';
import { completed } from '../support/builders.ts';
import { jobsOf, playRun } from '../support/playing.ts';
import { play } from '../support/story.ts';

jest.setTimeout(60_000);

const STEPS = [{ kind: 'coder' }, { kind: 'merger' }];
const assessed = (output: unknown) => ({ merger: [completed({ changed: false, summary: 'I looked.', output })] });
const big = { complexity: 1, risk: 1, impact: 1, rationale: 'It is big.' };

describe('the built-in pipeline quick', () => {
  it('takes a change to its merge, each step after the one before [A-174, E-1]', async () => {
    const { run, look } = await playRun(
      [],
      {
        runJob: jobsOf(assessed({ complexity: 0, risk: 0, impact: 0, rationale: 'small' })),
      },
      { pipeline: 'quick' },
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: 'm'.repeat(40) } });
    const { status, steps } = await look();
    expect(status).toBe('passed');
    expect(steps.map(({ kind, state }: any) => [kind, state])).toEqual(
      ['coder', 'blueprints', 'mocker', 'tester', 'conflicts', 'ci', 'merger'].map((kind) => [kind, 'done']),
    );
    for (const [index, { startedAt, endedAt }] of steps.entries()) {
      expect(Date.parse(endedAt)).toBeGreaterThanOrEqual(Date.parse(startedAt));
      if (index > 0) expect(Date.parse(startedAt)).toBeGreaterThanOrEqual(Date.parse(steps[index - 1].endedAt));
    }
  });
});

describe('an assessment', () => {
  it('has three scores and a rationale, and is shown when a person is asked [A-179, A-175, E-2]', async () => {
    const { run, look, cluster } = await playRun(STEPS, { runJob: jobsOf(assessed(big)) });
    expect(await look()).toMatchObject({
      status: 'parked',
      current: { kind: 'merger', assessment: big, because: expect.stringContaining('risk 1 of 0.4') },
      notices: [{ type: 'merge_review' }],
    });
    expect(cluster.log).not.toContain('merge');
    expect(await run.update('merge', { by: 'bo' })).toMatchObject({ ok: {} });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await look()).steps[1]).toMatchObject({ outcome: 'merged', note: 'Merged, because bo approved it.' });
  });
  it.each([
    ['null scores', { complexity: null, risk: null, impact: null, rationale: 'r' }],
    ['scores in words', { complexity: 'low', risk: 'low', impact: 'low', rationale: 'r' }],
    ['scores above one', { complexity: 0, risk: 2, impact: 0, rationale: 'r' }],
    ['an empty reason', { complexity: 0, risk: 0, impact: 0, rationale: '' }],
    ['a blank reason', { complexity: 0, risk: 0, impact: 0, rationale: ' \n' }],
    ['no reason', { complexity: 0, risk: 0, impact: 0 }],
    ['nothing', undefined],
  ])('with %s always asks a person [A-172, A-180, E-3, N-53]', async (_, output) => {
    const story = { jobs: { merger: assessed(output).merger as JobEnd[] }, people: [{ kind: 'reject' } as const] };
    const { told: reported, end, asked } = await play(merger, story);
    expect(reported).toEqual(['merging mergeability', 'merger completed', 'merge_review: reject']);
    expect(asked[0]).toMatchObject({ because: expect.stringContaining('no valid assessment') });
    expect(asked[0]).not.toHaveProperty('assessment');
    expect(end).toMatchObject({ is: 'rejected' });
  });
});

describe('a merge action that is not offered', () => {
  it('is refused, and merges nothing [A-176, E-5]', async () => {
    const { run, look, cluster } = await playRun([{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'merger' }]);
    const before = await look();
    expect((await run.update('merge', { by: 'bo' })).refused).toMatchObject({
      code: 'not_offered',
      offers: expect.not.arrayContaining(['merge']),
    });
    expect(await look()).toEqual(before);
    expect(cluster.log).not.toContain('merge');
    await run.update('confirm');
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await run.update('merge')).refused!.code).toBe('closed');
  });
});
