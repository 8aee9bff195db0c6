import { paragraphs, REPAIR, type Parts } from './parts.ts';

export const producerSkipped = ({ role }: Parts<'producerSkipped'>) => `${role} was skipped: there is nothing to rate.`;

export const ratedWell = ({ rating, threshold }: Parts<'ratedWell'>) => `Rated ${rating}, at or above ${threshold}.`;

/** Why the work goes back. */
export const ratedBelow = ({ role, rating, threshold }: Parts<'ratedBelow'>) =>
  `The ${role} rated it ${rating}, below ${threshold}, or had first remarks.`;

export const reworksUsedUp = ({ role, rating, threshold, max }: Parts<'reworksUsedUp'>) =>
  `The ${role} still rates it ${rating}, below ${threshold}, after ${max} reworks`;

export const reworksUsedUpQuestion = ({ because }: Parts<'reworksUsedUpQuestion'>) => `${because}. What now?`;

export const proceededAt = ({ by, rating }: Parts<'proceededAt'>) => `${by ?? 'A person'} let it proceed at ${rating}.`;

export const noAssessment = ({ role }: Parts<'noAssessment'>) => `The ${role} gave no parseable assessment, twice.`;

export const noAssessmentHint = () =>
  'output: expected { "rating": 0..1, "summary": "…", "comments"?: [{ "body": "…" }] }';

// What a companion is asked

export const companionBrief = ({ role, threshold, repair }: Parts<'companionBrief'>) =>
  paragraphs(
    [
      `You are the ${role}. Grade the last of the prior outputs, and the change that it describes.`,
      'Answer in `output` with { "rating": 0..1, "summary": "…", "comments": [{ "body": "…", "quotedSource"?: "…" }] }.',
      `${threshold} or more passes. Comments are sent back to be acted on.`,
    ].join('\n'),
    repair && REPAIR,
  );
