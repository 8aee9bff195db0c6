import { z } from 'zod';
import { badFields } from '../../../../workflows/contracts/bad-fields.ts';
import { readBounded, textOf } from '../../files/reading.ts';
import { plain, plainWithin } from '../../processes/text.ts';

/** So much of the end of what an agent prints is read, in characters. */
export const PRINTED_CHARACTERS = 12_000;
const SUMMARY_CHARACTERS = 10_000;
const OUTPUT_BYTES = 256_000;

/** What an agent writes into its result file. */
const Result = z.looseObject({
  summary: z.string(),
  output: z.unknown().optional(),
  decision: z
    .object({ question: z.string().min(1).max(10_000), options: z.array(z.string().min(1).max(1_000)).min(1).max(50) })
    .optional(),
  confidence: z.number().min(0).max(1).optional(),
  usage: z
    .object({
      inputTokens: z.number().min(0).optional(),
      outputTokens: z.number().min(0).optional(),
      costCents: z.number().min(0).optional(),
    })
    .optional(),
});
export type AgentResult = z.output<typeof Result> & { cut?: boolean };

/** More than any result that fits: its output and its summary are bounded below it. */
const RESULT_BYTES = 4_000_000;

/** What lies where an agent was to write its result: a text, nothing, or something that is no result. */
export async function readResultFile(file: string): Promise<{ text: string | undefined } | { broken: string }> {
  const found = await readBounded(file, RESULT_BYTES);
  if (found.is === 'odd') return { broken: `The result is ${found.what}: expected a file with JSON` };
  return { text: found.is === 'read' ? textOf(found.bytes) : undefined };
}

/**
 * Reads what an agent wrote, or what it printed where it wrote nothing. A broken result says what was expected.
 * `answers`: the role is asked for data, which it may also have given as the text of its summary.
 */
export function readResult(
  text: string | undefined,
  printed: string,
  { answers = false }: { answers?: boolean } = {},
): { result: AgentResult } | { broken: string } {
  if (text === undefined) return { result: finished({ summary: printed.trim() }, answers) };
  const raw = jsonOf(text);
  if (raw === undefined) return { broken: `The result is no JSON: ${whyNoJson(text)}` };
  const { data, error } = Result.safeParse(raw);
  if (error) {
    const fields = badFields(error, raw).map(({ path, expected }) => `${path}: ${expected}`);
    return { broken: `The result does not fit: ${fields.join('; ')}` };
  }
  if (isDeep(data.output)) return { broken: `The result's output is nested more than ${DEEPEST} deep` };
  const size = data.output === undefined ? 0 : Buffer.byteLength(JSON.stringify(data.output));
  if (size > OUTPUT_BYTES) return { broken: `The result's output has ${size} bytes, of at most ${OUTPUT_BYTES}` };
  return { result: finished(data, answers) };
}

/** JSON as models give it: bare, or in a fence, with or without words around it. */
function jsonOf(text: string): unknown {
  const fences = [...text.matchAll(/^[ \t]*(`{3,}|~{3,})[^\n`]*\n([^]*?)\n?[ \t]*\1[ \t]*$/gm)];
  for (const candidate of [text, ...(fences.length === 1 ? [fences[0]![2]!] : [])]) {
    try {
      return JSON.parse(candidate);
    } catch {
      continue;
    }
  }
  return undefined;
}

function whyNoJson(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (failure) {
    return plain((failure as Error).message);
  }
}

/** What people and later steps are given of a result: data where data was asked for, and text that can be read. */
function finished(result: AgentResult, answers: boolean): AgentResult {
  const data = dataIn(result.output) ?? (answers && result.output === undefined ? dataIn(result.summary) : undefined);
  return cut(plainWithin({ ...result, ...(data !== undefined && { output: data }) }));
}

/** The value that a text consists of, fenced or bare: an object or a list, for all else is just a text. */
function dataIn(text: unknown): object | undefined {
  if (typeof text !== 'string' || text.length > OUTPUT_BYTES || !/^\s*(?:[{[]|`{3}|~{3})/.test(text)) return undefined;
  const value = jsonOf(text.trim());
  return typeof value === 'object' && value !== null && !isDeep(value) ? value : undefined;
}

/** No answer is half as deep, and what is much deeper can be read but not written again. */
const DEEPEST = 100;

/** Level by level, for recursion would end where this is to tell. */
function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** A summary that is too long is cut, with a mark: who needs all of it is told. */
const cut = (result: AgentResult): AgentResult =>
  result.summary.length <= SUMMARY_CHARACTERS
    ? result
    : { ...result, summary: `${result.summary.slice(0, SUMMARY_CHARACTERS - 12)} […cut…]`, cut: true };
