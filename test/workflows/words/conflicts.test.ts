import { examples } from './examples.ts';

describe('what people read of conflicts', () => {
  examples([
    [{ fact: 'whetherItMerges', branch: 'work', base: 'main' }, 'Whether work merges into main'],
    [{ fact: 'mergesCleanly' }, 'It merges cleanly.'],
    [{ fact: 'nothingToMerge' }, 'There is no change to merge.'],
    [{ fact: 'conflictsIn', files: ['a.txt', 'b.txt'] }, 'Conflicts with the base in a.txt, b.txt.'],
    [{ fact: 'conflictsHint', branch: 'work', base: 'main' }, 'Merge main into work by hand, then retry the run.'],
    [{ fact: 'baseNotMerged', base: 'main', because: 'it was deleted' }, 'main could not be merged in: it was deleted'],
  ]);
});

describe('what the conflict-resolver is asked', () => {
  examples([
    [
      { fact: 'resolveBrief', base: 'main', files: ['a.txt', 'b.txt'] },
      'The merge of main into the work branch has conflicts. Resolve these files, and git add or git rm those that stay as they are. The merge is committed for you:\n- a.txt\n- b.txt',
    ],
  ]);
});
