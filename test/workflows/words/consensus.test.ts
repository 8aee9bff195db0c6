import { examples } from './examples.ts';

describe('texts about a consensus', () => {
  examples([
    [{ fact: 'participantsWork', participants: 3 }, '3 participants are at work'],
    [{ fact: 'debateRound', round: 2, rounds: 3 }, 'The debate is in round 2 of 3'],
    [{ fact: 'participantsVote', participants: 3 }, '3 participants vote'],
    [
      { fact: 'tooFewAnswers', answered: 1, participants: 3, reasons: ['It failed.', 'So did it.'] },
      'Only 1 of 3 participants answered: It failed. So did it.',
    ],
  ]);
});

describe('the briefs of participants and the synthesizer', () => {
  examples([
    [
      { fact: 'participantBrief', brief: 'Plan it.', participant: 'Ana', participants: 2 },
      'Plan it.\n\nYou are Ana, one of 2 who answer independently.',
    ],
    [
      { fact: 'debateBrief', brief: 'Plan it.', participant: 'Ana', others: '## Bo\n\nNo.' },
      'Plan it.\n\nYou are Ana. The others answered this. Answer again:\n\n## Bo\n\nNo.',
    ],
    [
      { fact: 'rankingBrief', letters: ['A', 'B'], answers: '## A\n\nYes.', participant: 'Ana' },
      'Rank these proposals, best first. Answer in `output` with { "ranking": ["A", "B"] }, in your order.\n\n## A\n\nYes.\n\nYou are Ana.',
    ],
    [
      {
        fact: 'synthesisBrief',
        brief: 'Plan it.',
        answers: { fact: 'rankedAnswers', answers: '## A\n\nYes.', votes: [{ letter: 'A', points: 2 }] },
      },
      'Make one answer of these, in just the form that was asked for.\n\n# What was asked\n\nPlan it.\n\n# The answers\n\n## A\n\nYes.\n\nThe vote, by points: A: 2. The proposal with the most points wins.',
    ],
  ]);
});
