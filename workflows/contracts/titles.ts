/**
 * What steers a screen, cannot be seen, or turns a text round so that it reads as something else. Joiners within emoji and
 * scripts are none of these.
 */
export const HIDDEN =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text of others on one line, with nothing in it that steers a screen or hides. Halves of characters become U+FFFD. */
export const legible = (text: string): string =>
  text
    .replace(/[\s\x85]+/g, ' ')
    .replace(HIDDEN, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');

/** A title as one line of a summary, which the Web UI reads as Markdown: no link, picture or tag of its author's. */
export const inert = (title: string): string => title.replace(HIDDEN, ' ').replace(/[\\[\]<`]/g, '\\$&');

/** What the server takes as a summary, in bytes. */
const SUMMARY_BYTES = 200;

/** A run in one line, in the Web UI's list: whoever starts it. */
export const titleOfRun = ({ id, title }: { id: string; title: string }): string =>
  cutBytes(`${id} ${inert(title)}`, SUMMARY_BYTES);

/** Cuts at a character, so that what is left fits into so many bytes. */
export function cutBytes(text: string, most: number): string {
  let cut = text.slice(0, most);
  while (new TextEncoder().encode(cut).length > most) cut = [...cut].slice(0, -1).join('');
  return cut;
}
