import { examples } from './examples.ts';

describe('texts about conflicts', () => {
  examples([
    [{ fact: 'whetherItMerges', branch: 'work', base: 'main' }, 'Whether work merges into main'],
    [{ fact: 'mergesCleanly' }, 'It merges cleanly.'],
    [{ fact: 'nothingToMerge' }, 'There is no change to merge.'],
    [{ fact: 'conflictsIn', files: ['a.txt', 'b.txt'] }, 'Conflicts with the base in a.txt, b.txt.'],
    [{ fact: 'conflictsHint', branch: 'work', base: 'main' }, 'Merge main into work by hand, then retry the run.'],
    [{ fact: 'baseNotMerged', base: 'main', because: 'it was deleted' }, 'main could not be merged in: it was deleted'],
  ]);
});

describe('the brief of the conflict-resolver', () => {
  examples([
    [
      { fact: 'resolveBrief', base: 'main', files: ['a.txt', 'b.txt'] },
      'The merge of main into the work branch has conflicts. Resolve these files, and git add or git rm those that stay as they are. The merge is committed for you:\n- a.txt\n- b.txt',
    ],
  ]);
});
