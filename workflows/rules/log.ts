import type { ActionEntry } from '../contracts/reading.ts';

/** How much is remembered of what people did (contract 5). */
export const LOG_LENGTH = 200;
export const SEEN_LENGTH = 500;
/** Names that nobody knows are anybody's to make up, and reasons may quote what was sent. */
export const NAME_LENGTH = 100;
export const BECAUSE_LENGTH = 1_000;
const INPUT_LENGTH = 12_000;
const INPUTS_BYTES = 64_000;

/** What was typed must not vanish with its refusal: its JSON, as far as it is kept. */
export const keptInput = (raw: unknown): string | undefined =>
  raw === undefined || raw === null ? undefined : (JSON.stringify(raw) ?? String(raw)).slice(0, INPUT_LENGTH);

/** Keeps the newest inputs, so that nobody can swell the run by being refused. */
export function withinInputs(entries: ActionEntry[]): ActionEntry[] {
  let left = INPUTS_BYTES;
  return entries
    .toReversed()
    .map((entry) => {
      if (typeof entry.input !== 'string') return entry;
      left -= entry.input.length;
      return left >= 0 ? entry : { ...entry, input: undefined };
    })
    .toReversed();
}
