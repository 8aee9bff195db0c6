import { mergeNotReadBack } from '../../../workflows/words/merger.ts';
import { examples } from './examples.ts';

describe('texts about a merge', () => {
  examples([
    [{ fact: 'merging', head: '1234567890', base: 'main' }, 'Merging 12345678 into main'],
    [{ fact: 'merged', decided: 'by-policy' }, 'Merged.'],
    [{ fact: 'merged', decided: 'by-person', by: 'ana' }, 'Merged, because ana approved it.'],
    [{ fact: 'merged', decided: 'by-person' }, 'Merged, because a person approved it.'],
    [{ fact: 'mergeRejectedBy', by: 'ana', reason: 'too big' }, 'ana rejected the merge: too big'],
    [
      { fact: 'mergeQuestion', because: { fact: 'notAssessed' } },
      'There is no valid assessment of the change. Merge it, or reject it.',
    ],
    [
      { fact: 'assessedTooHigh', over: [{ axis: 'risk', score: 0.9, most: 0.4 }] },
      'Over the thresholds: risk 0.9 of 0.4.',
    ],
    [{ fact: 'protectedPathsTouched', paths: ['a', 'b'] }, 'It touches protected paths: a, b.'],
    [
      { fact: 'mergeBringsBack', base: 'main', commits: ['c1', 'c2'] },
      'It would bring back what was removed from main: c1, c2.',
    ],
    [{ fact: 'mergeConflicts', files: ['a'] }, 'It conflicts with its base in a.'],
    [{ fact: 'mergedIntoConflict', files: ['a'] }, 'It could not be merged: it conflicts in a.'],
    [
      { fact: 'mergeBehind', because: 'it is 2 commits behind' },
      'The forge merges only what contains the base: it is 2 commits behind',
    ],
    [
      { fact: 'mergeUnchecked', because: 'e2e is expected' },
      'The forge lacks checks that it requires: e2e is expected',
    ],
    [
      { fact: 'baseMovedOn', base: 'main' },
      'main has moved since the checks ran, and the forge can check both together only on the work branch.',
    ],
    [{ fact: 'mergeAwaitsReviews', because: '1 of 2 reviews' }, 'The forge does not merge it yet: 1 of 2 reviews'],
    [
      { fact: 'mergeAwaitsReviews', because: '1 of 2 reviews', url: 'https://git.example/pull/17' },
      'The forge does not merge it yet: 1 of 2 reviews (https://git.example/pull/17)',
    ],
    [{ fact: 'mergeQueued', because: 'position 2' }, 'It is in the merge queue of the forge: position 2'],
    [{ fact: 'mergeRefused', because: 'the branch is protected' }, 'It could not be merged: the branch is protected'],
    [
      { fact: 'baseNotTaken', because: 'It is red.', base: 'main', refusal: 'it was deleted' },
      'It is red. main could not be merged in: it was deleted.',
    ],
  ]);

  it('include a cancelled merge whose result is unknown', () => {
    expect(mergeNotReadBack({ branch: 'work', base: 'main' })).toBe(
      'The run was cancelled during its merge. Whether work was merged into main could not be read.',
    );
  });
});
