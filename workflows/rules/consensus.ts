import { z } from 'zod';
import { cutText } from './bytes.ts';

/** What one participant answered. */
export interface Answer {
  participant: string;
  text: string;
}

const Ranking = z.object({ ranking: z.array(z.string()).min(1) });

/** Reads a vote: the letters of the proposals, best first. Nothing when it names none of them. */
export function readRanking(output: unknown, letters: readonly string[]): string[] | undefined {
  const { data } = Ranking.safeParse(output);
  const named = [...new Set(data?.ranking.map((each) => each.trim().toUpperCase()))].filter((each) =>
    letters.includes(each),
  );
  return named.length > 0 ? named : undefined;
}

/** Proposals are judged without their authors' names. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);

/**
 * A Borda count: of n proposals the first of a vote gets n-1 points, the next n-2, and one that is left out gets none. Of
 * equals the one that was proposed first wins.
 */
export function tally(
  votes: readonly (readonly string[])[],
  letters: readonly string[],
): { letter: string; points: number }[] {
  const points = new Map(letters.map((letter) => [letter, 0]));
  for (const vote of votes) {
    for (const [place, letter] of vote.entries()) points.set(letter, points.get(letter)! + letters.length - 1 - place);
  }
  return [...points].map(([letter, sum]) => ({ letter, points: sum })).toSorted((a, b) => b.points - a.points);
}

/** The limit of all answers together, in bytes. Each has an equal share. */
const ANSWERS = 200_000;

/** All answers under the names or the letters of the participants, for the agent that weighs them. */
export const answersText = (answers: readonly Answer[], names: 'names' | 'letters'): string =>
  answers
    .map(({ participant, text }, index) => {
      const answer = cutText(text, Math.floor(ANSWERS / answers.length));
      return `## ${names === 'names' ? participant : letterOf(index)}\n\n${answer}`;
    })
    .join('\n\n');
