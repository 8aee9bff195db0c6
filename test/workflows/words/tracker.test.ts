import { issuesNotCommented, mergedAs, pullRequestOpened } from '../../../workflows/words/tracker.ts';
import { examples } from './examples.ts';

describe('texts about the tracker', () => {
  examples([
    [{ fact: 'issueTitle', title: 'Show totals' }, 'Tech debt: Show totals'],
    [{ fact: 'filedAs', id: 'ISSUE-1' }, 'Filed as ISSUE-1.'],
    [{ fact: 'filedAs', id: 'ISSUE-1', url: 'http://x.test/1' }, 'Filed as ISSUE-1: http://x.test/1'],
    [{ fact: 'noIssueFiled', because: 'no-tracker' }, 'No issue was filed: there is no tracker.'],
    [{ fact: 'noIssueFiled', because: 'called-off' }, 'No issue was filed: it was called off'],
    [{ fact: 'noIssueFiled', because: 'refused', refusal: 'it is down' }, 'No issue was filed: it is down'],
  ]);

  it.each([
    [pullRequestOpened({ pullRequest: 1, branch: 'work', base: 'main' }), 'Pull request 1 was opened: work into main.'],
    [mergedAs({ branch: 'work', base: 'main', mergeCommit: '1234567890' }), 'work was merged into main as 12345678.'],
    [
      issuesNotCommented({ text: 'Done.', because: 'it says no' }),
      'The task’s issues did not get the comment "Done.": it says no',
    ],
  ])('%s', (sentence, expected) => expect(sentence).toBe(expected));
});
