import { z } from 'zod';
import { badFields } from '../../../../workflows/contracts/bad-fields.ts';
import { DEEPEST, isDeep, jsonOf, whyNoJson } from '../../agents/json.ts';
import { readBounded, textOf } from '../../files/reading.ts';
import { plainWithin } from '../../processes/text.ts';

/** How many characters are read from the end of an agent's output. */
export const PRINTED_CHARACTERS = 12_000;
const SUMMARY_CHARACTERS = 10_000;
const OUTPUT_BYTES = 256_000;

/** The contents of an agent's result file. */
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

/** Larger than any valid result, because output and summary have smaller limits. */
const RESULT_BYTES = 4_000_000;

/** Reads an agent's result file: its text, nothing, or why it is not a result. */
export async function readResultFile(file: string): Promise<{ text: string | undefined } | { broken: string }> {
  const found = await readBounded(file, RESULT_BYTES);
  if (found.is === 'odd') return { broken: `The result is ${found.what}: expected a file with JSON` };
  return { text: found.is === 'read' ? textOf(found.bytes) : undefined };
}

/**
 * Reads an agent's result, or its output if it wrote no result. For a broken result, returns what was expected. `answers`:
 * the role is asked for data, which may also be the text of its summary.
 */
export function readResult(
  text: string | undefined,
  printed: string,
  { answers = false }: { answers?: boolean } = {},
): { result: AgentResult } | { broken: string } {
  if (text === undefined) return { result: finished({ summary: printed.trim() }, answers) };
  const raw = jsonOf(text);
  if (raw === undefined) return { broken: `The result is not JSON: ${whyNoJson(text)}` };
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

/** The part of a result that people and later steps see: data if the role is asked for data, and readable text. */
function finished(result: AgentResult, answers: boolean): AgentResult {
  const data = dataIn(result.output) ?? (answers && result.output === undefined ? dataIn(result.summary) : undefined);
  return cut(plainWithin({ ...result, ...(data !== undefined && { output: data }) }));
}

/** The object or list that a text consists of, fenced or bare. Undefined for any other text. */
function dataIn(text: unknown): object | undefined {
  if (typeof text !== 'string' || text.length > OUTPUT_BYTES || !/^\s*(?:[{[]|`{3}|~{3})/.test(text)) return undefined;
  const value = jsonOf(text.trim());
  return typeof value === 'object' && value !== null && !isDeep(value) ? value : undefined;
}

/** Shortens a summary that is too long, and marks the cut. `cut` tells callers that some of it is missing. */
const cut = (result: AgentResult): AgentResult =>
  result.summary.length <= SUMMARY_CHARACTERS
    ? result
    : { ...result, summary: `${result.summary.slice(0, SUMMARY_CHARACTERS - 12)} […cut…]`, cut: true };
