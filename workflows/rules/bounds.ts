import type { StepEntry } from '../contracts/reading.ts';
import { Snapshot, type Carried } from '../contracts/run/snapshot.ts';
import { bytesOf, fits, weightOf, WIDEST } from './bytes.ts';
import { pick } from './picking.ts';
import { MEASURES, trimEntry, TRIMS } from './trimming.ts';

/**
 * The limit of all that a run carries, in bytes. The server warns of payloads from 256 kB on and ends a run at 2 MB, and the
 * start input travels in the same message.
 */
export const CARRIED_BYTES = 500_000;
/** The limit of a start input, in bytes. It travels with what a run carries, in one message. */
export const INPUT_BYTES = 500_000;
/** The limit of the settled steps in a run's result or failure, in bytes. */
const SHOWN_BYTES = 200_000;

const CARRIED = Snapshot.keyof().options;

/** What the next execution receives of a run's state: all that the snapshot's schema names, and nothing else. */
export const carriedOf = (state: Carried): Carried => pick(state, CARRIED);

/**
 * Trims a run to its limit, in place. While it fits, nothing is lost. Otherwise the least needed goes first: old texts before
 * old entries, settled steps before open ones, and what the present decision needs last.
 */
export function keepWithin(state: Carried, most = CARRIED_BYTES): void {
  const enough = () => fits(carriedOf(state), most);
  if (enough()) return;
  for (const measure of MEASURES) {
    for (const trim of TRIMS) {
      trim(state, measure);
      if (enough()) return;
    }
  }
}

/** A run is counted again when it has grown by this many characters since it last fitted. */
const GROWTH = 20_000;
const fitted = new WeakMap<Carried, number>();

/**
 * Trims a run to about its limit, at each of its turns. Counting bytes takes as long as everything else in a turn, so a run
 * is only estimated while it has not grown. `keepWithin` counts what the next execution receives.
 */
export function keepNearWithin(state: Carried, most = CARRIED_BYTES): void {
  const weight = weightOf(carriedOf(state));
  const known = Math.min(fitted.get(state) ?? 0, weight);
  fitted.set(state, known);
  if (weight * WIDEST <= most || weight <= known + GROWTH) return;
  keepWithin(state, most);
  fitted.set(state, weightOf(carriedOf(state)));
}

/** The steps in a run's result or failure, trimmed to their limit. A retry needs all steps, but not all of their texts. */
export function shownWithin(entries: StepEntry[], most = SHOWN_BYTES): StepEntry[] {
  if (fits(entries, most)) return entries;
  const shown = JSON.parse(JSON.stringify(entries)) as StepEntry[];
  for (const measure of MEASURES) {
    for (const entry of shown) trimEntry(entry, measure);
    if (fits(shown, most)) return shown;
  }
  return shown;
}

interface Oversized {
  path: string;
  bytes: number;
  total: number;
  most: number;
}

/**
 * The largest field of a start input that is too large as a whole, or nothing when it is not. Each field has its own limit,
 * but the inputs of dependents, with dependents of their own, have none together. `resume` is not counted.
 */
export function oversized(raw: unknown): Oversized | undefined {
  const { resume, task, ...others } = (raw ?? {}) as Record<string, unknown>;
  void resume;
  const input = { task, ...others };
  if (fits(input, INPUT_BYTES)) return undefined;
  const fields = [
    ...Object.entries((task ?? {}) as object).map(([key, value]: [string, unknown]) => ({
      path: `task.${key}`,
      value,
    })),
    ...Object.entries(others).map(([path, value]) => ({ path, value })),
  ].map(({ path, value }) => ({ path, bytes: bytesOf(value) }));
  const largest = fields.reduce((most, each) => (each.bytes > most.bytes ? each : most));
  return { ...largest, most: INPUT_BYTES, total: bytesOf(input) };
}
