import type { z } from 'zod';
import { legible } from './text/titles.ts';

/** One bad field of an input: where it is, and what was expected there. */
export interface BadField {
  path: string;
  expected: string;
}

/** The length of a found value in a message, in characters. */
const FOUND = 80;

/**
 * Names every bad field of an input, for the person who wrote it: where it is, what was expected there, and what was found.
 * `secret` names the paths whose values are never shown.
 */
export const badFields = (
  error: z.ZodError,
  input: unknown,
  secret: (path: string) => boolean = () => false,
): BadField[] =>
  error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), expected: 'no such key here' }));
    const path = pathOf(issue.path);
    if (issue.code === 'invalid_key') {
      const rule = issue.issues.map(expectedBy).join('; ');
      return [{ path, expected: `${rule}, found ${found(issue.path.at(-1))}` }];
    }
    const value = valueAt(input, issue.path);
    // For the members of an object, the sentence itself names what is wrong.
    const shown = !secret(path) && (issue.code !== 'custom' || typeof value !== 'object');
    return [{ path, expected: `${expectedBy(issue)}${shown ? `, found ${found(value)}` : ''}` }];
  });

/** One line per bad field: `<path>: <what was expected>`. */
export const fieldsMessage = (fields: readonly BadField[]): string =>
  fields.map(({ path, expected }) => `${path}: ${expected}`).join('\n');

/** A value as a message names it: short, on one line, and without the password of an address. */
export function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') {
    const text = withoutPasswords(legible(value));
    return `'${text.length > FOUND ? `${text.slice(0, FOUND)}…` : text}'`;
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A text in which addresses have no user name and password. */
export const withoutPasswords = (text: string): string => text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1…@');

const BOUNDS: Record<string, string> = { '>=': 'at least', '>': 'more than', '<=': 'at most', '<': 'less than' };

function expectedBy(issue: z.core.$ZodIssue): string {
  const message = issue.message
    .replace(/^Invalid input: (?=expected )/, '')
    .replace(/, received .*$/s, '')
    .replace(/^(?:Too small|Too big|Invalid option|Invalid input): (?=expected )/, '')
    .replace(
      /^expected (?:string|array|number) to (?:have|be) (>=?|<=?)/,
      (_, sign: string) => `expected ${BOUNDS[sign]!} `,
    )
    .replace(
      /^expected one of (".*")$/,
      (_, names: string) => `expected one of ${names.replace(/"\|"/g, ', ').slice(1, -1)}`,
    )
    .replace(/\b1 (character|item)s$/, '1 $1')
    .replace(/^expected record$/, 'expected names, each with a value')
    .replace(/^Invalid (?:input|string)$/, 'another form');
  return message.startsWith('expected ') ? message : `expected ${message}`;
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (within, key) =>
      within !== null && typeof within === 'object' ? (within as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : before ? `${before}.${String(part)}` : String(part),
    '',
  ) || 'input';
