import type { Revision } from '../contracts/activities.ts';
import { bytesOf, cutText } from './bytes.ts';

/** What a run carries of what is said of a work that is sent back, in bytes: people and companions may say more. */
const SAID = 250_000;
const FEEDBACK = 100_000;
/** What a run, however full, has room for. More than that is kept outside as well. */
const LITTLE = 12_000;

/** What is said of a work that is sent back. */
export type Feedback = Pick<Revision, 'feedback' | 'comments'>;

/** Whether a run might come to have no room for it. */
export const isLong = (said: Feedback): boolean => bytesOf(said) > LITTLE;

/**
 * What was said of a work that is sent back, as a run carries it. What was made is not repeated: it is on the record of the
 * step that it is sent to. Comments that there is no room for are counted.
 */
export function revisionOf({ feedback, comments }: Feedback, kept: string[] = []): Revision {
  const said = cutText(feedback, FEEDBACK, kept);
  let left = SAID - bytesOf(said);
  const over = comments.findIndex((comment) => (left -= bytesOf(comment)) < 0);
  const fitting = over < 0 ? comments : comments.slice(0, over);
  const more = comments.length - fitting.length;
  const place = kept.length > 0 ? `; all of it is kept as ${kept.join(' + ')}` : ', for which there was no room';
  const mark = more > 0 ? [{ text: `… [cut: ${more} more comments${place}]` }] : [];
  return { previousOutput: '', feedback: said, comments: [...fitting, ...mark], ...(kept.length > 0 && { kept }) };
}
