import { agents } from '../../../workflows/gates/agent.ts';
import { ci } from '../../../workflows/gates/ci.ts';
import { companions } from '../../../workflows/gates/companion.ts';
import { conflicts } from '../../../workflows/gates/conflicts.ts';
import type { Gate, JobEnd } from '../../../workflows/gates/gate.ts';
import { RunInput } from '../../../workflows/gates/index.ts';
import { humanTest } from '../../../workflows/gates/human-test.ts';
import { merger } from '../../../workflows/gates/merger.ts';
import { completed, green, HEAD, HEADS, red, wish } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const coder = agents[0] as unknown as Gate;
const reviewer = companions[0] as unknown as Gate;
const done = (over = {}) => completed(over) as JobEnd;
const lost: JobEnd = { is: 'failed', because: 'no' };

describe('the ci gate', () => {
  it('passes when the checks are green [A-078]', async () => {
    expect(await play(ci)).toMatchObject({ told: ['probing checks'], end: { is: 'passed', note: '1 check passed.' } });
  });
  it('runs a fixer on red checks, and trusts only the next poll [A-086, N-20]', async () => {
    const { told: reported, end } = await play(ci, {
      checks: [() => red(HEAD, 'a'), () => red(HEADS[1]!, 'b'), () => green()],
      jobs: { 'ci-fixer': [lost, done()] },
    });
    expect(reported).toEqual([
      'probing checks',
      'ci-fixer failed',
      'probing checks',
      'ci-fixer completed',
      'probing checks',
    ]);
    expect(end.is).toBe('passed');
  });
  it('runs at most the configured number of fixers [N-20, E-34]', async () => {
    const heads = [...HEADS];
    const { told: reported, end } = await play(ci, { checks: [() => red(heads.shift()!, 'a')] }, { attempts: 2 });
    expect(reported.filter((line) => line.startsWith('ci-fixer'))).toHaveLength(2);
    expect(end).toMatchObject({ is: 'failed', type: 'job_failed' });
  });
});

describe('the conflicts gate', () => {
  it('passes if the change merges, or if there is nothing to merge [A-093, N-22]', async () => {
    const { views, end } = await play(conflicts);
    expect(end).toEqual({ is: 'passed', note: 'It merges cleanly.' });
    expect(views).toMatchObject([{ detail: 'Whether gatehouse/PAY-142 merges into main' }]);
    const nothing = await play(conflicts, { merges: [{ is: 'nothing' }] });
    expect(nothing.end).toEqual({ is: 'passed', note: 'There is no change to merge.' });
  });
  it('runs the resolver at most three times, then fails with a notice [N-22, E-35]', async () => {
    const heads = [...HEADS];
    const merges = heads.map((head) => ({ is: 'conflicted', head, files: ['a'] }));
    const { told: reported, views, briefs, end } = await play(conflicts, { merges });
    expect(reported.filter((line) => line.startsWith('conflict-resolver'))).toHaveLength(3);
    expect(reported.at(-1)).toBe('notice conflicts_failed');
    expect(views.at(-1)).toMatchObject({ failing: [{ name: 'a', conclusion: 'conflict' }] });
    expect(briefs[0]).toMatch(/^The merge of main .*\n- a$/);
    expect(end).toMatchObject({
      is: 'failed',
      reason: expect.stringMatching(/^Conflicts with the base in a\..*3 attempts/),
      hint: 'Merge main into gatehouse/PAY-142 by hand, then retry the run.',
    });
  });
  it.each([
    [0, true],
    [1_000, true],
    [-1, false],
    [1_001, false],
    [0.5, false],
  ])('accepts %j as its number of attempts: %s', (attempts, may) => {
    expect(RunInput.safeParse(wish({ kind: 'conflicts', attempts })).success).toBe(may);
  });
});

describe('the human-test gate', () => {
  it('asks, passes when confirmed, and releases its environment', async () => {
    const { told: reported, end, step } = await play(humanTest, { people: [{ kind: 'confirm', by: 'ana' }] });
    expect(reported).toEqual(['build', 'human_test_ready: confirm', 'release']);
    expect(end).toMatchObject({ is: 'passed', note: 'Confirmed by ana.' });
    expect(step.judged).toEqual({ foreign: 0, by: 'person', head: HEAD });
  });
  it('rebuilds after a fix, a pull, a request, and a foreign commit [N-03]', async () => {
    const people = [
      { kind: 'requestFix', findings: 'x' },
      { kind: 'pullMain' },
      { kind: 'recreateEnvironment' },
      { kind: 'moved', because: 'Bo' },
      { kind: 'confirm' },
    ] as never[];
    const update = { is: 'current', head: HEAD, foreign: [] } as never;
    const { told: reported } = await play(humanTest, { people, activities: { updateFromBase: async () => update } });
    expect(reported.filter((line) => line === 'build')).toHaveLength(5);
    expect(reported.at(-1)).toBe('release');
  });
  it('releases its environment even if it throws', async () => {
    await expect(play(humanTest, { people: [] })).rejects.toThrow('Nobody came');
  });
  it('offers no action that is impossible [N-01]', async () => {
    await expect(play(humanTest, { site: 'none', people: [{ kind: 'recreateEnvironment' }] })).rejects.toThrow(
      'not offered',
    );
    await expect(play(humanTest, { site: 'failed', people: [{ kind: 'destroyEnvironment' }] })).rejects.toThrow(
      'not offered',
    );
    await expect(play(humanTest, { people: [{ kind: 'requestFix', findings: 'x' }] }, { fixes: 0 })).rejects.toThrow(
      'not offered',
    );
  });
});

describe('an agent’s gate', () => {
  it('ends as its job ends', async () => {
    expect((await play(coder)).end).toMatchObject({ is: 'passed' });
    expect((await play(coder, { jobs: { coder: [lost] } })).end).toMatchObject({ is: 'failed', type: 'job_failed' });
    expect((await play(coder, { jobs: { coder: [{ ...lost, evicted: true } as JobEnd] } })).end).toMatchObject({
      type: 'evicted',
    });
  });
  it('asks its question once, and continues with the answer', async () => {
    const asks = done({ decision: { question: 'Which?', options: ['a', 'b'] } });
    const { told: reported, step } = await play(coder, {
      jobs: { coder: [asks, done()] },
      people: [{ kind: 'decide', decision: '1-coder/decision-1', choice: 'b' }],
    });
    expect(reported).toEqual(['coder completed', 'decision_required: decide', 'coder completed']);
    expect(step.decision).toMatchObject({ choice: 'b' });
  });
});

describe('a companion’s gate', () => {
  const graded = (rating: unknown, comments: object[] = []) => done({ output: { rating, comments } });
  const before = [{ kind: 'coder', summary: 'made' }];

  it.each([
    ['a good rating', [graded(0.8)], 'passed'],
    ['a rating below the threshold', [graded(0.79)], 'back'],
    ['a good rating with first comments', [graded(1, [{ body: 'x' }])], 'back'],
    ['one unreadable answer', [graded('x'), graded(0.9)], 'passed'],
    ['two unreadable answers', [graded('x'), graded('y')], 'failed'],
    ['a failed job', [lost], 'failed'],
  ])('after %s', async (_, reviews, is) => {
    const { end } = await play(reviewer, { before, jobs: { reviewer: reviews } });
    expect(end.is).toBe(is);
    if (end.is === 'back') expect(end).toMatchObject({ to: ['1-coder'], rework: { previousOutput: '' } });
  });
  it('has a threshold of its own [N-50]', async () => {
    expect((await play(reviewer, { before, jobs: { reviewer: [graded(0.5)] } }, { threshold: 0.5 })).end.is).toBe(
      'passed',
    );
  });
  it('asks a person at its cap', async () => {
    const script = { before, jobs: { reviewer: [graded(0.1)] } };
    const resolve = (choice: 'extra-round' | 'proceed') =>
      play(reviewer, { ...script, people: [{ kind: 'resolveCap', choice }] }, { attempts: 0 });
    expect((await resolve('proceed')).end.is).toBe('passed');
    expect((await resolve('extra-round')).end.is).toBe('back');
  });
});

describe('the merger’s gate', () => {
  const small = { complexity: 0.5, risk: 0.4, impact: 0.5, rationale: 'r' };
  const assessed = (output: unknown) => ({ merger: [done({ output })] });

  it('merges by itself up to and including the thresholds', async () => {
    const { told: reported, end } = await play(merger, { jobs: assessed(small) });
    expect(reported).toEqual(['merging mergeability', 'merger completed', 'merging']);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: 'm' });
  });
  it.each([
    ['that is too complex', { ...small, complexity: 0.51 }],
    ['that is too risky', { ...small, risk: 0.41 }],
    ['without a rationale', { ...small, rationale: ' ' }],
    ['without a score', { ...small, impact: undefined }],
  ])('asks a person about an assessment %s', async (_, output) => {
    const { told: reported, end } = await play(merger, {
      jobs: assessed(output),
      people: [{ kind: 'merge', by: 'bo' }],
    });
    expect(reported).toContain('merge_review: merge');
    expect(end).toMatchObject({ is: 'merged', note: 'Merged, because bo approved it.' });
  });
  it('goes back to a gate that no longer holds', async () => {
    const before = [{ kind: 'conflicts' }, { kind: 'ci' }];
    const conflicted = { is: 'conflicted', files: ['a'] };
    expect((await play(merger, { before, merges: [conflicted] })).end).toMatchObject({
      is: 'back',
      to: ['1-conflicts'],
    });
    expect((await play(merger, { before, checks: [() => red(HEAD, 'a')] })).end).toMatchObject({
      is: 'back',
      to: ['2-ci'],
    });
  });
});
