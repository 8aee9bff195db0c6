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

describe('ci, as a story', () => {
  it('passes on green [A-078]', async () => {
    expect(await play(ci)).toMatchObject({ told: ['probing checks'], end: { is: 'passed', note: '1 check passed.' } });
  });
  it('mends what is red, and believes only the next look [A-086, N-20]', async () => {
    const { told, end } = await play(ci, {
      checks: [() => red(HEAD, 'a'), () => red(HEADS[1]!, 'b'), () => green()],
      jobs: { 'ci-fixer': [lost, done()] },
    });
    expect(told).toEqual([
      'probing checks',
      'ci-fixer failed',
      'probing checks',
      'ci-fixer completed',
      'probing checks',
    ]);
    expect(end.is).toBe('passed');
  });
  it('never sends more than it may [N-20, E-34]', async () => {
    const heads = [...HEADS];
    const { told, end } = await play(ci, { checks: [() => red(heads.shift()!, 'a')] }, { attempts: 2 });
    expect(told.filter((line) => line.startsWith('ci-fixer'))).toHaveLength(2);
    expect(end).toMatchObject({ is: 'failed', type: 'job_failed' });
  });
});

describe('conflicts, as a story', () => {
  it('passes what merges, and what has nothing to merge [A-093, N-22]', async () => {
    const { views, end } = await play(conflicts);
    expect(end).toEqual({ is: 'passed', note: 'It merges cleanly.' });
    expect(views).toMatchObject([{ detail: 'Whether gatehouse/PAY-142 merges into main' }]);
    const nothing = await play(conflicts, { merges: [{ is: 'nothing' }] });
    expect(nothing.end).toEqual({ is: 'passed', note: 'There is no change to merge.' });
  });
  it('sends the resolver, three times at most, and says so [N-22, E-35]', async () => {
    const heads = [...HEADS];
    const merges = heads.map((head) => ({ is: 'conflicted', head, files: ['a'] }));
    const { told, views, briefs, end } = await play(conflicts, { merges });
    expect(told.filter((line) => line.startsWith('conflict-resolver'))).toHaveLength(3);
    expect(told.at(-1)).toBe('notice conflicts_failed');
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
  ])('may be told to send it %j times: %s', (attempts, may) => {
    expect(RunInput.safeParse(wish({ kind: 'conflicts', attempts })).success).toBe(may);
  });
});

describe('human-test, as a story', () => {
  it('asks, is confirmed, and takes its place down', async () => {
    const { told, end, step } = await play(humanTest, { people: [{ kind: 'confirm', by: 'ana' }] });
    expect(told).toEqual(['build', 'human_test_ready: confirm', 'release']);
    expect(end).toMatchObject({ is: 'passed', note: 'Confirmed by ana.' });
    expect(step.judged).toEqual({ foreign: 0, by: 'person', head: HEAD });
  });
  it('rebuilds after a fix, a pull, a wish, and a commit by somebody else [N-03]', async () => {
    const people = [
      { kind: 'requestFix', findings: 'x' },
      { kind: 'pullMain' },
      { kind: 'recreateEnvironment' },
      { kind: 'moved', because: 'Bo' },
      { kind: 'confirm' },
    ] as never[];
    const update = { is: 'current', head: HEAD, foreign: [] } as never;
    const { told } = await play(humanTest, { people, activities: { updateFromBase: async () => update } });
    expect(told.filter((line) => line === 'build')).toHaveLength(5);
    expect(told.at(-1)).toBe('release');
  });
  it('takes its place down also when it is thrown out', async () => {
    await expect(play(humanTest, { people: [] })).rejects.toThrow('Nobody came');
  });
  it('does not offer what cannot be [N-01]', async () => {
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

describe('an agent, as a story', () => {
  it('is done when its job is', async () => {
    expect((await play(coder)).end).toMatchObject({ is: 'passed' });
    expect((await play(coder, { jobs: { coder: [lost] } })).end).toMatchObject({ is: 'failed', type: 'job_failed' });
    expect((await play(coder, { jobs: { coder: [{ ...lost, evicted: true } as JobEnd] } })).end).toMatchObject({
      type: 'evicted',
    });
  });
  it('asks once, and goes on with the answer', async () => {
    const asks = done({ decision: { question: 'Which?', options: ['a', 'b'] } });
    const { told, step } = await play(coder, {
      jobs: { coder: [asks, done()] },
      people: [{ kind: 'decide', decision: '1-coder/decision-1', choice: 'b' }],
    });
    expect(told).toEqual(['coder completed', 'decision_required: decide', 'coder completed']);
    expect(step.decision).toMatchObject({ choice: 'b' });
  });
});

describe('a companion, as a story', () => {
  const graded = (rating: unknown, comments: object[] = []) => done({ output: { rating, comments } });
  const before = [{ kind: 'coder', summary: 'made' }];

  it.each([
    ['good', [graded(0.8)], 'passed'],
    ['below its bar', [graded(0.79)], 'back'],
    ['good, with first remarks', [graded(1, [{ body: 'x' }])], 'back'],
    ['garbled once', [graded('x'), graded(0.9)], 'passed'],
    ['garbled twice', [graded('x'), graded('y')], 'failed'],
    ['lost', [lost], 'failed'],
  ])('%s', async (_, reviews, is) => {
    const { end } = await play(reviewer, { before, jobs: { reviewer: reviews } });
    expect(end.is).toBe(is);
    if (end.is === 'back') expect(end).toMatchObject({ to: ['1-coder'], rework: { previousOutput: '' } });
  });
  it('has a bar of its own [N-50]', async () => {
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

describe('the merger, as a story', () => {
  const small = { complexity: 0.5, risk: 0.4, impact: 0.5, rationale: 'r' };
  const assessed = (output: unknown) => ({ merger: [done({ output })] });

  it('merges what is within the thresholds, inclusive', async () => {
    const { told, end } = await play(merger, { jobs: assessed(small) });
    expect(told).toEqual(['merging mergeability', 'merger completed', 'merging']);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: 'm' });
  });
  it.each([
    ['too complex', { ...small, complexity: 0.51 }],
    ['too risky', { ...small, risk: 0.41 }],
    ['without a rationale', { ...small, rationale: ' ' }],
    ['without a score', { ...small, impact: undefined }],
  ])('asks a person what is %s', async (_, output) => {
    const { told, end } = await play(merger, { jobs: assessed(output), people: [{ kind: 'merge', by: 'bo' }] });
    expect(told).toContain('merge_review: merge');
    expect(end).toMatchObject({ is: 'merged', note: 'Merged, as bo said.' });
  });
  it('goes back to what does not hold any more', async () => {
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
