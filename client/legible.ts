import { HIDDEN, legible } from '../workflows/contracts/text/titles.ts';

/** The escape sequences of picocolors for colours and font weights. */
const COLOUR = /(\x1b\[(?:[0-2]|22|3[0-9])m)/;
const LINES = /([\n\t])/;

/**
 * Makes data safe to print, because it may contain texts of people, agents, branches and files. Each text within becomes one
 * line without control characters or colours. The output of every command for people is made from such data only.
 */
export function shown<T>(said: T): T {
  if (typeof said === 'string') return legible(said) as T;
  if (Array.isArray(said)) return said.map((each: unknown) => shown(each)) as T;
  if (typeof said !== 'object' || said === null) return said;
  return Object.fromEntries(Object.entries(said).map(([key, value]) => [legible(key), shown(value)])) as T;
}

/** Makes a text of several lines safe to print, such as an agent's output. Keeps its lines and tabs. */
export const shownLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(legible).join('\t'))
    .join('\n');

/**
 * Removes all control characters from an output for a terminal, except line breaks, tabs and, if allowed, our own colours.
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

/** Prints JSON with control characters escaped, which does not change its value. */
export const tameJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent)
    .split('\n')
    .map((line) => line.replace(HIDDEN, escaped))
    .join('\n');

const escaped = (character: string): string =>
  character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
