import type { Revision } from '../contracts/activities.ts';
import { bytesOf, cutText } from './bytes.ts';

/** What is said of a work that is sent back, in bytes: people and companions may say more than any message takes. */
const SAID = 250_000;
const FEEDBACK = 100_000;

/**
 * What was said of a work that is sent back. What was made is not repeated: it is on the record of the step that it is sent
 * to. Comments that there is no room for are counted.
 */
export function revisionOf(feedback: string, comments: Revision['comments']): Revision {
  const said = cutText(feedback, FEEDBACK);
  let left = SAID - bytesOf(said);
  const over = comments.findIndex((comment) => (left -= bytesOf(comment)) < 0);
  const fitting = over < 0 ? comments : comments.slice(0, over);
  const more = comments.length - fitting.length;
  const mark = more > 0 ? [{ text: `… [cut: ${more} more comments, for which there was no room]` }] : [];
  return { previousOutput: '', feedback: said, comments: [...fitting, ...mark] };
}
