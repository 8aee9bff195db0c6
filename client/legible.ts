import { HIDDEN, legible } from '../workflows/contracts/text/titles.ts';

/** The colours and weights of picocolors. */
const COLOUR = /(\x1b\[(?:[0-2]|22|3[0-9])m)/;
const LINES = /([\n\t])/;

/**
 * What people, agents, branches and files say, as it may stand in the output of a command: each text within is one line that
 * steers and colours nothing. Every command makes its words for people from this, and from nothing else.
 */
export function shown<T>(said: T): T {
  if (typeof said === 'string') return legible(said) as T;
  if (Array.isArray(said)) return said.map((each: unknown) => shown(each)) as T;
  if (typeof said !== 'object' || said === null) return said;
  return Object.fromEntries(Object.entries(said).map(([key, value]) => [legible(key), shown(value)])) as T;
}

/** A text of several lines that stands for itself, as what an agent wrote: its lines stay, and steer and colour nothing. */
export const shownLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(legible).join('\t'))
    .join('\n');

/**
 * The words of a command, for a terminal: whatever is in them, no more than lines and our own colours, where there are any.
 */
export const tame = (text: string, colours: boolean): string =>
  text
    .split(colours ? COLOUR : /(?!)/)
    .map((part) => (colours && COLOUR.test(part) ? part : tamed(part)))
    .join('');

const tamed = (text: string): string =>
  text
    .split(LINES)
    .map((part) => (LINES.test(part) ? part : part.replace(HIDDEN, '')))
    .join('');

/** JSON says the same with these characters written out. */
export const tameJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => line.replace(HIDDEN, escaped))
    .join('\n');

const escaped = (character: string): string =>
  character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
