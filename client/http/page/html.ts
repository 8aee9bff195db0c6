import { html as tag, raw } from 'hono/html';
import { HIDDEN } from '../../../workflows/contracts/text/titles.ts';

/** A piece of HTML whose contents are escaped. Only `html` makes one. */
export type Html = ReturnType<typeof raw>;
export type Content = Html | string | number | false | null | undefined | readonly Content[];

/**
 * Makes HTML of a template. Every value is escaped, except pieces that this function has made itself, and loses the characters
 * that hide or reverse a text.
 */
export const html = (strings: TemplateStringsArray, ...values: Content[]): Html =>
  tag(strings, ...values.map(legible)) as Html;

export const NOTHING = raw('');

function legible(value: Content): unknown {
  if (isList(value)) return value.map(legible);
  if (value === false || value === null || value === undefined || typeof value === 'number') return value;
  // What says of itself that it is escaped, such as parsed JSON, is not believed: only strings of `raw` are objects.
  return (value as unknown) instanceof String ? value : String(value).replace(HIDDEN, keep);
}

const isList = (value: Content): value is readonly Content[] => Array.isArray(value);
/** Lines and tabs are part of texts of several lines. */
const keep = (character: string): string => (/[\n\r\t]/.test(character) ? character : '\ufffd');

/** An address from outside, if a browser may follow it. A scheme such as `javascript:` would run there. */
export const webAddress = (address: string | undefined): string | undefined =>
  address !== undefined && /^https?:\/\//i.test(address) && URL.canParse(address) ? address : undefined;
