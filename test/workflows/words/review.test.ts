import { examples } from './examples.ts';

const reviews = { reviews: 2, documented: true };

describe('texts about a review', () => {
  examples([
    [
      { fact: 'reviewOpen', state: { fact: 'reviewFindings', capped: false, rounds: 1 }, open: 1, findings: 2 },
      'The review has findings: 1 of 2 are open',
    ],
    [
      { fact: 'reviewNotice', state: { fact: 'reviewFindings', capped: true, rounds: 6 } },
      'The review still has findings after 6 rounds.',
    ],
    [
      { fact: 'reviewPassed', how: 'nothing-left', ...reviews },
      'Nothing is left to ask. 2 reviews, and a reworked text.',
    ],
    [
      { fact: 'reviewPassed', how: 'proceeded', by: 'ana', reviews: 1, documented: false },
      'ana let it proceed. 1 review.',
    ],
    [
      { fact: 'reviewerNotUnderstood', role: 'clarity-reviewer', because: { fact: 'noFindingsList' } },
      'The clarity-reviewer could not be understood: its answer is no list of findings.',
    ],
    [
      { fact: 'answersNotIncorporated', because: { fact: 'documentEmpty' } },
      'The answers could not be incorporated: the new text is empty.',
    ],
  ]);
});
