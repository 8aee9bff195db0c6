import { plain } from '../processes/text.ts';

/** JSON as models write it: bare, or in a single fence with or without words around it. */
export function jsonOf(text: string): unknown {
  const fences = fencesIn(text);
  for (const candidate of [text, ...(fences.length === 1 ? fences : [])]) {
    const { value } = parsed(candidate);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Why a text is not JSON, in the words of the parser. */
export const whyNoJson = (text: string): string => parsed(text).because ?? '';

/**
 * The one JSON object or list in a model's answer, with words or fences around it. Of several fences, the last one with JSON
 * counts. Undefined if there is none, or if it is nested too deep.
 */
export function dataInAnswer(text: string): object | undefined {
  const candidates = [text, ...fencesIn(text).toReversed(), between(text, '{', '}'), between(text, '[', ']')];
  for (const candidate of candidates) {
    const { value } = parsed(candidate);
    if (typeof value === 'object' && value !== null) return isDeep(value) ? undefined : value;
  }
  return undefined;
}

const fencesIn = (text: string): string[] =>
  [...text.matchAll(/^[ \t]*(`{3,}|~{3,})[^\n`]*\n([^]*?)\n?[ \t]*\1[ \t]*$/gm)].map(([, , inner = '']) => inner);

const between = (text: string, open: string, close: string): string =>
  text.includes(open) ? text.slice(text.indexOf(open), text.lastIndexOf(close) + 1) : '';

function parsed(text: string): { value?: unknown; because?: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (failure) {
    return { because: plain((failure as Error).message) };
  }
}

/** Real answers are less than half as deep. Much deeper values can be parsed but not written again. */
export const DEEPEST = 100;

/** Checks level by level, because recursion would overflow on exactly the values that this must find. */
export function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
