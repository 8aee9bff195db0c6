import { merger } from '../../../workflows/gates/merger.ts';
import type { JobEnd } from '../../../workflows/gates/gate.ts';
import { completed, HEAD, red } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const small = { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'It is small.' };
const jobs = { merger: [completed({ output: small }) as JobEnd] };
const before = [{ kind: 'ci' }];
const BASE = '1'.repeat(40);
const TESTED = '2'.repeat(40);
const behind = { is: 'mergeable', baseHead: BASE, behind: true };
const checked = (...names: string[]) => ({
  is: 'checked',
  commit: TESTED,
  checks: [
    { name: 'lint', conclusion: 'success' },
    ...names.map((name) => ({ name, conclusion: 'failure', log: `${name} says no` })),
  ],
});
const policy = { tested: 'merge-result' as const };

describe('the merger, when the base has moved', () => {
  it('tests the merge of head and base, and merges exactly what was tested', async () => {
    const { told: reported, end } = await play(merger, {
      policy,
      before,
      jobs,
      merges: [behind],
      results: [checked()],
    });
    expect(reported).toEqual([
      'merging mergeability',
      'merging checks',
      `merging result on ${BASE}`,
      'merger completed',
      'merging',
    ]);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: TESTED });
  });

  it.each([
    ['only the head should be tested', { policy: { tested: 'head' as const }, before, merges: [behind] }],
    ['a run of an older build does not say what to test', { policy: {}, before, merges: [behind] }],
    ['the head contains all of its base', { policy, before, merges: [{ is: 'mergeable', baseHead: BASE }] }],
    ['the pipeline has no checks', { policy, before: [], merges: [behind] }],
  ])('tests no merge when %s', async (_, script) => {
    const { told: reported, end } = await play(merger, { ...script, jobs });
    expect(reported.filter((line) => line.includes('result'))).toEqual([]);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: 'm' });
  });

  it('tests no merge of a head that is red by itself', async () => {
    const { told: reported, end } = await play(merger, {
      policy,
      before,
      checks: [() => red(HEAD, 'a')],
      merges: [behind],
    });
    expect(reported).toEqual(['merging mergeability', 'merging checks']);
    expect(end).toMatchObject({ is: 'back', to: ['1-ci'] });
  });

  it('updates the branch from the base when the merge is red, and goes back to the checks', async () => {
    const { told: reported, end } = await play(merger, {
      policy,
      before,
      jobs,
      merges: [behind],
      results: [checked('test')],
    });
    expect(reported.slice(-2)).toEqual([`merging result on ${BASE}`, 'updating-branch']);
    expect(end).toEqual({
      is: 'back',
      to: ['1-ci'],
      because: 'Failing checks once it is merged into main: test.',
    });
  });

  it('checks again if something moved during the test', async () => {
    const results = [{ is: 'moved' }, checked()];
    const { told: reported, end } = await play(merger, { policy, before, jobs, merges: [behind], results });
    expect(reported.filter((line) => line === 'merging mergeability')).toHaveLength(2);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: TESTED });
  });

  it('asks again about a red merge, even if a person agreed to something else', async () => {
    const { asked, end } = await play(merger, {
      basesLeft: 0,
      policy,
      before,
      jobs: { merger: [completed({ output: { ...small, risk: 0.9 } }) as JobEnd] },
      merges: [behind],
      results: [checked(), checked('test'), checked('test')],
      people: [
        { kind: 'merge', by: 'bo' },
        { kind: 'merge', by: 'bo' },
      ],
    });
    expect(asked).toMatchObject([
      { because: expect.stringContaining('risk') },
      { because: 'Failing checks once it is merged into main: test.' },
    ]);
    expect(end).toMatchObject({ is: 'merged', mergeCommit: TESTED });
  });

  it.each([
    ['no update from the base is left', { basesLeft: 0 }, 'Failing checks once it is merged into main: test.'],
    [
      'the base cannot be merged in',
      { refusesBase: 'the branch was deleted' },
      'Failing checks once it is merged into main: test. main could not be merged in: the branch was deleted.',
    ],
  ])('asks a person when %s, and merges what was tested if the person agrees', async (_, over, because) => {
    const results = [checked('test'), checked('test')];
    const {
      asked,
      told: reported,
      end,
    } = await play(merger, {
      ...over,
      policy,
      before,
      jobs,
      merges: [behind],
      results,
      people: [{ kind: 'merge', by: 'bo' }],
    });
    expect(asked).toMatchObject([{ because }]);
    expect(reported).toContain('merge_review: merge');
    expect(end).toMatchObject({ is: 'merged', mergeCommit: TESTED, note: 'Merged, because bo approved it.' });
  });
});

describe('the merger, when a merge would restore what the base removed', () => {
  const rewritten = { is: 'mergeable', baseHead: BASE, restores: ['1234567 leaks a key'] };

  it('asks a person, and merges if that person agrees', async () => {
    const people = [{ kind: 'merge' as const, by: 'ana' }];
    const { told: reported, end, asked } = await play(merger, { before, jobs, merges: [rewritten], people });
    expect(reported).toContain('merge_review: merge');
    expect(asked).toMatchObject([{ because: 'It would bring back what was removed from main: 1234567 leaks a key.' }]);
    expect(end).toMatchObject({ is: 'merged', note: 'Merged, because ana approved it.' });
  });
});
