import { paragraphs, type Parts } from './parts.ts';

export const participantsWork = ({ participants }: Parts<'participantsWork'>) =>
  `${participants} participants are at work`;

export const debateRound = ({ round, rounds }: Parts<'debateRound'>) => `The debate is in round ${round} of ${rounds}`;

export const participantsVote = ({ participants }: Parts<'participantsVote'>) => `${participants} participants vote`;

export const synthesizing = () => 'A synthesizer makes one answer of theirs';

export const tooFewAnswers = ({ answered, participants, reasons }: Parts<'tooFewAnswers'>) =>
  `Only ${answered} of ${participants} participants answered: ${reasons.join(' ')}`;

// What participants and the synthesizer are asked

export const participantBrief = ({ brief, participant, participants }: Parts<'participantBrief'>) =>
  paragraphs(brief, `You are ${participant}, one of ${participants} who answer independently.`);

export const debateBrief = ({ brief, participant, others }: Parts<'debateBrief'>) =>
  paragraphs(brief, `You are ${participant}. The others answered this. Answer again:`, others);

export const rankingBrief = ({ letters, answers, participant }: Parts<'rankingBrief'>) =>
  paragraphs(
    `Rank these proposals, best first. Answer in \`output\` with { "ranking": [${letters.map((each) => `"${each}"`).join(', ')}] }, in your order.`,
    answers,
    `You are ${participant}.`,
  );

export const rankedAnswers = ({ answers, votes }: Parts<'rankedAnswers'>) => {
  const counted = votes.map(({ letter, points }) => `${letter}: ${points}`).join(', ');
  return paragraphs(answers, `The vote, by points: ${counted}. The proposal with the most points wins.`);
};

export const synthesisBrief = ({ brief, answers }: Parts<'synthesisBrief'>) =>
  paragraphs(
    'Make one answer of these, in just the form that was asked for.',
    `# What was asked\n\n${brief}`,
    `# The answers\n\n${answers}`,
  );
