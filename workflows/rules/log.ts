import type { ActionEntry } from '../contracts/reading.ts';

/** How many actions a run remembers: in its log, and to recognise repeats. */
export const LOG_LENGTH = 200;
export const SEEN_LENGTH = 500;
/** The limits of unknown names and of reasons, in characters: both may hold what anybody sent. */
export const NAME_LENGTH = 100;
export const BECAUSE_LENGTH = 1_000;
const INPUT_LENGTH = 12_000;
const INPUTS_BYTES = 64_000;

/** The JSON of an input for the log, up to a limit, so that what a person typed survives its refusal. */
export const keptInput = (raw: unknown): string | undefined =>
  raw === undefined || raw === null ? undefined : (JSON.stringify(raw) ?? String(raw)).slice(0, INPUT_LENGTH);

/** Drops the oldest inputs over the limit, so that refused actions cannot make the run grow. */
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
