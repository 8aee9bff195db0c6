import { examples } from './examples.ts';

describe('texts about a human test', () => {
  examples([
    [{ fact: 'tryAt', url: 'http://x.test' }, 'Try the change at http://x.test'],
    [
      { fact: 'tryBranch', lacking: { fact: 'noEnvironment' }, branch: 'work' },
      'There is no environment. Try work yourself',
    ],
    [
      { fact: 'tryTheBranch', lacking: { fact: 'noEnvironmentConfigured' } },
      'No environment is configured. Try the branch yourself.',
    ],
    [{ fact: 'tryTheBranch', lacking: 'It has expired.' }, 'It has expired. Try the branch yourself.'],
    [{ fact: 'environmentNotUpYet' }, 'The environment is not up yet; it may still come up.'],
    [{ fact: 'confirmedBy' }, 'Confirmed by a person.'],
    [{ fact: 'confirmedBy', by: 'ana' }, 'Confirmed by ana.'],
    [{ fact: 'confirmedBy', by: 'ana', note: 'nice' }, 'Confirmed by ana: nice'],
    [{ fact: 'humanTestOver' }, 'The human test is over.'],
    [{ fact: 'takenDownByPerson' }, 'A person removed it.'],
    [{ fact: 'updatingBranch', branch: 'work', base: 'main' }, 'Merging main into work'],
    [{ fact: 'updateCalledOff' }, 'The update was called off.'],
    [{ fact: 'helperFailed', helper: 'fixer', because: 'It failed.' }, 'The fixer failed: It failed.'],
    [{ fact: 'helperLeftHead', helper: 'fixer' }, 'Nothing changed: the fixer did not move the head.'],
    [
      { fact: 'resolversUsedUp', base: 'main', attempts: 3 },
      'main conflicts with the change, and all 3 attempts of the conflict-resolver are used.',
    ],
    [
      { fact: 'fixBrief', findings: 'The total is wrong.' },
      'A person tried the change, and found this:\n\nThe total is wrong.',
    ],
  ]);
});
