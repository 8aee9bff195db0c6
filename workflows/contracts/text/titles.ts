/**
 * Characters that control a terminal, are invisible, or reverse a text. Joiners within emoji and scripts are not among them.
 */
export const HIDDEN =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Untrusted text on one line, without control and invisible characters. Halves of characters become U+FFFD. */
export const legible = (text: string): string =>
  text
    .replace(/[\s\x85]+/g, ' ')
    .replace(HIDDEN, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');

/** A title as one line of a summary, which the Web UI reads as Markdown. Its author's links, pictures and tags are escaped. */
export const inert = (title: string): string => title.replace(HIDDEN, ' ').replace(/[\\[\]<`]/g, '\\$&');

/**
 * Stands for the title of a task that has none, until its pull request is read: `OWNER/NAME#17`. Undefined if the change names
 * no pull request.
 */
export function untitled(change: unknown): string | undefined {
  const { repository, pullRequest } = (change ?? {}) as { repository?: unknown; pullRequest?: unknown };
  if (typeof repository !== 'string') return undefined;
  const [, place = '', inPath] = /^(.*?)(?:\/pulls?\/(\d+)\b.*)?$/s.exec(repository) ?? [];
  const number = typeof pullRequest === 'number' ? String(pullRequest) : inPath;
  if (number === undefined) return undefined;
  const name = place
    .replace(/(?:\.git)?\/*$/, '')
    .split(/[/:]/)
    .slice(-2)
    .join('/');
  return legible(`${name}#${number}`).slice(0, TITLE);
}

/** The maximum length of a title, in characters. */
const TITLE = 200;

/** The server's limit of a summary, in bytes. */
const SUMMARY_BYTES = 200;

/** A run in one line of the Web UI's list. */
export const titleOfRun = ({ id, title }: { id: string; title: string }): string =>
  cutBytes(`${id} ${inert(title)}`, SUMMARY_BYTES);

/** Cuts a text to this many bytes, at a whole character. */
export function cutBytes(text: string, most: number): string {
  let cut = text.slice(0, most);
  while (new TextEncoder().encode(cut).length > most) cut = [...cut].slice(0, -1).join('');
  return cut;
}
