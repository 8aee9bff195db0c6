import type { MergeReport } from '../../../workflows/contracts/activities.ts';
import { merger } from '../../../workflows/gates/merger.ts';
import type { JobEnd } from '../../../workflows/gates/gate.ts';
import { completed, HEAD } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const small = { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'It is small.' };
const jobs = { merger: [completed({ output: small }) as JobEnd] };
const before = [{ kind: 'conflicts' }, { kind: 'ci' }];
const reject = { kind: 'reject' as const, by: 'ana', reason: 'not now' };

const playWith = (mergeReports: MergeReport[], over: Parameters<typeof play>[1] = {}) =>
  play(merger, { before, jobs, mergeReports, ...over });

describe('the merger, when the forge does not merge at once', () => {
  it('merges the base in and goes back to the checks if the forge demands that the head contains it', async () => {
    const { told, end } = await playWith([{ is: 'behind', because: 'head is 2 commits behind main' }]);
    expect(told.slice(-2)).toEqual(['merging', 'updating-branch']);
    expect(end).toEqual({
      is: 'back',
      to: ['2-ci'],
      because: 'The forge merges only what contains the base: head is 2 commits behind main',
    });
  });

  it('tries again after merging the base in if the pipeline has no checks', async () => {
    const { told, end } = await playWith([{ is: 'behind', because: 'behind' }], { before: [] });
    expect(told.filter((line) => line === 'merging mergeability')).toHaveLength(2);
    expect(end).toMatchObject({ is: 'merged' });
  });

  it('goes back to the conflicts if the base conflicts while it is merged in', async () => {
    const { end } = await playWith([{ is: 'behind', because: 'behind' }], { conflictsWithBase: ['a.ts'] });
    expect(end).toEqual({ is: 'back', to: ['1-conflicts'], because: 'It conflicts with its base in a.ts.' });
  });

  it.each<[string, MergeReport, string, string]>([
    [
      'to the checks if the forge lacks required ones',
      { is: 'unchecked', because: 'e2e is expected' },
      '2-ci',
      'The forge lacks checks that it requires: e2e is expected',
    ],
    [
      'to the conflicts if the forge finds one',
      { is: 'conflicted', files: ['a.ts'] },
      '1-conflicts',
      'It conflicts with its base in a.ts.',
    ],
  ])('goes back %s', async (_, report, step, because) => {
    expect((await playWith([report])).end).toEqual({ is: 'back', to: [step], because });
  });

  it.each<[MergeReport, string]>([
    [{ is: 'behind', because: 'behind' }, 'The forge merges only what contains the base: behind'],
    [{ is: 'unchecked', because: 'e2e is expected' }, 'The forge lacks checks that it requires: e2e is expected'],
    [{ is: 'conflicted', files: ['a.ts'] }, 'It could not be merged: it conflicts in a.ts.'],
  ])('asks a person about %j once it has gone back as often as it may', async (report, because) => {
    const { asked, end } = await playWith([report], { basesLeft: 0, people: [reject] });
    expect(asked).toMatchObject([{ because }]);
    expect(end).toMatchObject({ is: 'rejected' });
  });

  it('asks a person if the base cannot be merged in', async () => {
    const over = { refusesBase: 'the branch is protected', people: [reject] };
    const { asked } = await playWith([{ is: 'behind', because: 'behind' }], over);
    expect(asked).toMatchObject([
      {
        because:
          'The forge merges only what contains the base: behind main could not be merged in: the branch is protected.',
      },
    ]);
  });

  it('waits in the merge queue, and goes back to the checks when that ejects it', async () => {
    const queue = (because: string): MergeReport => ({ is: 'waiting', for: 'queue', because });
    const out: MergeReport = { is: 'unchecked', because: 'the queue found e2e red' };
    const { told, views, end } = await playWith([queue('position 2'), queue('position 1'), out]);
    expect(told.filter((line) => line.startsWith('waits'))).toEqual([
      'waits for queue: position 2',
      'waits for queue: position 1',
    ]);
    expect(views.slice(-2)).toMatchObject([
      { phase: 'merging', waitingOn: 'forge', detail: 'It is in the merge queue of the forge: position 2' },
      { phase: 'merging', waitingOn: 'forge', detail: 'It is in the merge queue of the forge: position 1' },
    ]);
    expect(end).toMatchObject({ is: 'back', to: ['2-ci'] });
  });

  const reviews: MergeReport = {
    is: 'waiting',
    for: 'reviews',
    because: '1 of 2 reviews',
    url: 'https://git.example/pull/17',
  };

  it('waits for reviews, and merges by itself when they are there', async () => {
    const { asked, told, end } = await playWith([reviews]);
    expect(asked).toMatchObject([
      {
        phase: 'merging',
        waitingOn: 'forge',
        detail: 'The forge does not merge it yet: 1 of 2 reviews (https://git.example/pull/17)',
      },
    ]);
    expect(told).toContain('waits for reviews: 1 of 2 reviews');
    expect(end).toMatchObject({ is: 'merged', note: 'Merged.' });
  });

  it('gives the merge up if a person rejects it while it waits for reviews', async () => {
    const { end } = await playWith([reviews], { people: [reject] });
    expect(end).toEqual({ is: 'rejected', type: 'rejected', reason: 'ana rejected the merge: not now' });
  });

  it('judges the change again if it moves while it waits for reviews', async () => {
    const { told, end } = await playWith([reviews], { people: [{ kind: 'moved', because: 'a commit' }] });
    expect(told.filter((line) => line === 'merging mergeability')).toHaveLength(2);
    expect(end).toMatchObject({ is: 'merged' });
  });

  it('notifies people of what they should know about the merge', async () => {
    const { told } = await playWith([
      { is: 'merged', mergeCommit: 'm', head: HEAD, note: 'It was squashed: merge is not allowed.' },
    ]);
    expect(told.at(-1)).toBe('notice merge_note');
  });

  it('merges the base in and has it checked there if the forge checks branches only', async () => {
    const script = {
      policy: { tested: 'merge-result' as const },
      merges: [{ is: 'mergeable', baseHead: '1'.repeat(40), behind: true }],
      results: [{ is: 'branch-only' }],
    };
    const { end, told } = await playWith([], script);
    expect(told.at(-1)).toBe('updating-branch');
    expect(end).toMatchObject({ is: 'back', to: ['2-ci'], because: expect.stringContaining('main has moved') });
    const { asked } = await playWith([], { ...script, basesLeft: 0, people: [reject] });
    expect(asked).toMatchObject([{ because: expect.stringContaining('main has moved') }]);
  });
});
