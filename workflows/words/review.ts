import type { Finding } from '../contracts/reading.ts';
import { paragraphs, REPAIR, type Parts } from './parts.ts';

export const reviewFindings = ({ because, capped, rounds }: Parts<'reviewFindings'>) =>
  because ?? (capped ? `The review still has findings after ${rounds} rounds` : 'The review has findings');

export const reviewNotice = ({ state }: Parts<'reviewNotice'>) => `${state}.`;

export const reviewOpen = ({ state, open, findings }: Parts<'reviewOpen'>) =>
  `${state}: ${open} of ${findings} are open`;

export const reviewPassed = ({ how, by, reviews, documented }: Parts<'reviewPassed'>) => {
  const first = {
    'nothing-left': 'Nothing is left to ask.',
    'nothing-answered': 'There was nothing to incorporate.',
    proceeded: `${by ?? 'A person'} let it proceed.`,
  }[how];
  return `${first} ${reviews} ${reviews === 1 ? 'review' : 'reviews'}${documented ? ', and a reworked text' : ''}.`;
};

// What failed

export const reviewerNotUnderstood = ({ role, because }: Parts<'reviewerNotUnderstood'>) =>
  `The ${role} could not be understood: ${because}.`;

export const noFindingsList = () => 'its answer is no list of findings';

export const answersNotIncorporated = ({ because }: Parts<'answersNotIncorporated'>) =>
  `The answers could not be incorporated: ${because}`;

export const documentTooLong = () => 'the new text is too long, and was cut off.';

export const documentEmpty = () => 'the new text is empty.';

export const noRecommendations = ({ because }: Parts<'noRecommendations'>) =>
  `There are no recommendations: ${because}`;

export const noRecommendationNamed = () => 'the recommender’s answer names none.';

// What the agents of a review are asked

const SUBJECTS: Readonly<Record<string, { what: string; first?: string }>> = {
  'requirements-review': {
    what: 'Review what this task asks for: what is missing, unclear, assumed or risky before anybody builds it.',
  },
  'clarity-review': {
    what: 'Review this bug report: what is missing or unclear before anybody fixes it.',
    first: 'What was investigated is in the prior outputs.',
  },
};

export const reviewBrief = ({ review, documented, text, dismissed, repair }: Parts<'reviewBrief'>) => {
  const { what, first } = SUBJECTS[review] ?? { what: 'Review this task.' };
  return paragraphs(
    documented || !first ? what : `${what} ${first}`,
    'Answer in `output` with { "items": [{ "category": "gap" | "clarification" | "assumption" | "risk" | "question", "severity": "low" | "medium" | "high", "title", "detail" }] }: every finding with its severity, gravest first, and an empty list when the text is good enough.',
    `# The text\n\n${text}`,
    dismissed.length > 0 && `# Out of scope: do not ask again\n\n${titles(dismissed)}`,
    repair && REPAIR,
  );
};

export const incorporateBrief = ({ text, answered, dismissed, feedback }: Parts<'incorporateBrief'>) =>
  paragraphs(
    'Work what people answered into the text below. Your whole summary is the new text: complete, and nothing else.',
    `# The text as it stands\n\n${text}`,
    ...answered.map(({ title, detail, reply }) => `# Answered: ${title}\n\n${detail}\n\nAnswer: ${reply}`),
    dismissed.length > 0 && `# Out of scope\n\n${titles(dismissed)}`,
    feedback && `# Besides\n\n${feedback}`,
  );

export const recommendBrief = ({ findings, note, text }: Parts<'recommendBrief'>) =>
  paragraphs(
    'Recommend an answer to each finding: from the team’s standards first, then from what the repository says, then from what is known.',
    'Answer in `output` with { "items": [{ "itemId", "recommendation", "fromStandard": true | false }] }.',
    ...findings.map(({ id, title, detail }) => `## ${id}: ${title}\n\n${detail}`),
    note && `# Besides\n\n${note}`,
    `# The text\n\n${text}`,
  );

const titles = (findings: readonly Finding[]): string => findings.map(({ title }) => `- ${title}`).join('\n');
