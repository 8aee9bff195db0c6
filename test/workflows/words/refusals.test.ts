import { examples } from './examples.ts';

describe('texts about refused actions', () => {
  examples([
    [
      { fact: 'notOffered', action: 'confirm', offers: ['stop', 'pause'] },
      'confirm is not on offer now. On offer: stop, pause.',
    ],
    [
      {
        fact: 'notOffered',
        action: 'requestFix',
        offers: ['confirm'],
        used: { fact: 'fixAttemptsUsed', attempt: 3, attempts: 3 },
        faster: { action: 'confirm', at: '10:00' },
      },
      'requestFix is not on offer now. On offer: confirm. 3 of 3 attempts are used. Somebody took confirm at 10:00.',
    ],
    [{ fact: 'runEnded', ending: 'passed' }, 'The run is passed.'],
    [{ fact: 'visitOver', visit: '1-ci#1', now: '1-ci#2' }, '1-ci#1 is over. The present visit is 1-ci#2.'],
    [{ fact: 'headMoved', head: 'abc' }, 'The head is abc now.'],
    [{ fact: 'decisionSettled', decision: 'd-1', choice: 'yes' }, 'd-1 is settled: yes.'],
    [{ fact: 'findingSettled', finding: 'f-1' }, 'f-1 is settled: it was incorporated, or was not found again.'],
    [{ fact: 'findingNotOpen', finding: 'f-1', because: 'dismissed' }, 'f-1 is dismissed: reopen it first.'],
    [{ fact: 'findingNotOpen', finding: 'f-1', because: 'no-recommendation' }, 'f-1 has no open recommendation.'],
    [
      { fact: 'actionIdUsed', actionId: 'x', action: 'confirm', otherInput: true },
      'x was used before, for confirm with another input.',
    ],
    [{ fact: 'overBudget', spent: 12, budget: 10 }, 'The run has spent 12 of 10 cents.'],
    [{ fact: 'alreadyMerged', step: 7 }, 'The change is merged: only steps after 7 can be started over.'],
    [{ fact: 'secondPersonNeeded', action: 'merge', because: 'nameless' }, 'requireSecondPerson: merge needs "by".'],
    [
      { fact: 'secondPersonNeeded', action: 'merge', who: 'ana', because: 'wrote' },
      'requireSecondPerson: ana wrote commits of this change.',
    ],
    [{ fact: 'stepOutOfRange', steps: 3 }, 'step: expected a whole number from 1 to 3'],
    [{ fact: 'findingUnknown', finding: 'f-9', known: [] }, 'finding: expected one of none; got f-9'],
    [
      {
        fact: 'inputInvalid',
        fields: [
          { path: 'a', expected: 'expected text' },
          { path: 'b', expected: 'no such key' },
        ],
      },
      'a: expected text\nb: no such key',
    ],
  ]);
});
