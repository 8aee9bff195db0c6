import { z } from 'zod';
import { badFields } from '../../../../workflows/contracts/bad-fields.ts';

const SUMMARY_CHARACTERS = 10_000;
const OUTPUT_BYTES = 256_000;

/** What an agent writes (contract 13). */
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

/** Reads the file an agent wrote, or what it printed where it wrote none. A broken one says what was expected. */
export function readResult(text: string | undefined, printed: string): { result: AgentResult } | { broken: string } {
  if (text === undefined) return { result: cut({ summary: printed.trim() }) };
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (failure) {
    return { broken: `The result is no JSON: ${(failure as Error).message}` };
  }
  const { data, error } = Result.safeParse(raw);
  if (error) {
    const fields = badFields(error, raw).map(({ path, expected }) => `${path}: ${expected}`);
    return { broken: `The result does not fit: ${fields.join('; ')}` };
  }
  if (isDeep(data.output)) return { broken: `The result's output is nested more than ${DEEPEST} deep` };
  const size = data.output === undefined ? 0 : Buffer.byteLength(JSON.stringify(data.output));
  if (size > OUTPUT_BYTES) return { broken: `The result's output has ${size} bytes, of at most ${OUTPUT_BYTES}` };
  return { result: cut(data) };
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

const Progress = z.object({
  done: z.number().min(0),
  total: z.number().min(0),
  label: z.string().max(200).optional(),
});

/** The last valid line of progress in what an agent prints. */
export function progressOf(printed: string): { done: number; total: number; label?: string } | undefined {
  const lines = [...printed.matchAll(/^GATEHOUSE_PROGRESS (\{.*\})$/gm)].reverse();
  for (const [, json = ''] of lines) {
    try {
      const { data } = Progress.safeParse(JSON.parse(json));
      if (data) return { done: data.done, total: data.total, ...(data.label !== undefined && { label: data.label }) };
    } catch {
      continue; // cut in the middle, or no JSON: an earlier line will do
    }
  }
  return undefined;
}
