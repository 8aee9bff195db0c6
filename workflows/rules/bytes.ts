/** The size of a value in a message: the bytes of its JSON in UTF-8. */
export const bytesOf = (value: unknown): number => utf8((JSON.stringify(value) as string | undefined) ?? '');

const utf8 = (text: string): number => new TextEncoder().encode(text).length;

/** Whether a value takes at most this many bytes. */
export function fits(value: unknown, most: number): boolean {
  const json = JSON.stringify(value);
  return json.length * 3 <= most || (json.length <= most && utf8(json) <= most);
}

/** The maximum number of bytes that one escaped character takes in JSON. */
export const WIDEST = 6;

/**
 * About how many characters the JSON of a value has, if nothing is escaped. It costs a fraction of an exact count.
 */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 8;
  let sum = 2;
  if (Array.isArray(value)) for (const each of value) sum += weightOf(each);
  else for (const key in value) sum += key.length + 3 + weightOf((value as Record<string, unknown>)[key]);
  return sum;
}

const MARK = /… \[cut: it had (\d+) bytes(?:; all of it is kept as [^\]]*)?\]$/;

/**
 * A text within this many bytes of JSON. A cut text ends with a mark: its original length, and the hashes under which all of it
 * is stored, if it is.
 */
export function cutText(text: string, most: number, kept: readonly string[] = []): string {
  if (text.length * WIDEST + 2 <= most) return text;
  const bytes = bytesOf(text);
  if (bytes <= most) return text;
  const before = MARK.exec(text);
  const place = kept.length > 0 ? `; all of it is kept as ${kept.join(' + ')}` : '';
  const mark = `… [cut: it had ${before?.[1] ?? bytes} bytes${place}]`;
  return `${beginning(before ? text.slice(0, before.index) : text, most - bytesOf(mark))}${mark}`;
}

/** As many whole characters as fit. */
function beginning(text: string, most: number): string {
  let [end, bytes] = [0, 2];
  for (const character of text) {
    bytes += sizeOf(character);
    if (bytes > most) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** A text in pieces of whole characters, each within this many bytes of JSON. */
export function piecesOf(text: string, most: number): string[] {
  const pieces: string[] = [];
  for (let left = text; left !== '';) {
    const piece = beginning(left, most);
    pieces.push(piece);
    left = left.slice(piece.length);
  }
  return pieces;
}

/** The bytes of one character in JSON. Halves of pairs and control characters are escaped. */
function sizeOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return SHORT.includes(character) ? 2 : 6;
  if (code < 0x80) return character === '"' || character === '\\' ? 2 : 1;
  if (code >= 0xd800 && code < 0xe000) return 6;
  return code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
const SHORT = '\b\t\n\f\r';

/** The newest of a list that fit together into this many bytes. */
export function newestWithin<T>(list: readonly T[], most: number): T[] {
  let left = most;
  const from = list.findLastIndex((each) => (left -= bytesOf(each) + 1) < 0);
  return list.slice(from + 1);
}
