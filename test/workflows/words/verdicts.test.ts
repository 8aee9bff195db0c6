import { headMovedWhileAsked, retargetedWhileAsked } from '../../../workflows/words/verdicts.ts';
import { examples } from './examples.ts';

const by = (author: string) => ({ commit: '1234567890', author, email: 'x' });

describe('texts about a voided verdict', () => {
  examples([
    [{ fact: 'branchReset', head: '1234567890' }, 'The branch was set to 12345678, which is not built on it.'],
    [{ fact: 'commitsCameAfter', commits: [by('Bo')] }, 'Commit 12345678 by Bo came after it was judged.'],
    [
      { fact: 'commitsCameAfter', commits: [by('Bo'), by('Cy'), by('Di')] },
      'Commit 12345678 by Bo and 2 more came after it was judged.',
    ],
    [{ fact: 'headMovedAfter', head: '1234567890' }, 'The head moved to 12345678 after it was confirmed.'],
  ]);

  it.each([
    [{ head: '1234567890', commits: [by('Bo')] }, 'Commit 12345678 by Bo came in while a person was asked.'],
    [{ head: '1234567890', commits: [] }, 'Commit 12345678 came in while a person was asked.'],
    [{ commits: [] }, 'Commit none came in while a person was asked.'],
  ])('%j', (moved, sentence) => expect(headMovedWhileAsked(moved)).toBe(sentence));
});

it('another base that was chosen while a person was asked is named', () => {
  expect(retargetedWhileAsked({ base: 'release' })).toBe(
    'The change is to be merged into release now, which was chosen while a person was asked.',
  );
});
