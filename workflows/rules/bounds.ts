import type { StepEntry } from '../contracts/reading.ts';
import { Snapshot, type Carried } from '../contracts/snapshot.ts';
import { bytesOf, fits, weightOf, WIDEST } from './bytes.ts';
import { pick } from './picking.ts';
import { MEASURES, trimEntry, TRIMS } from './trimming.ts';

/**
 * All that a run carries together, in bytes: the server warns of a payload from 256 kB on and ends the run at 2 MB, and
 * what a run was started with travels beside it.
 */
export const CARRIED_BYTES = 500_000;
/** What a workflow is started with, as a whole, in bytes. It goes on beside what a run carries, in one message. */
export const INPUT_BYTES = 500_000;
/** What the end of a run tells of its settled steps, in bytes. */
const SHOWN_BYTES = 200_000;

const CARRIED = Snapshot.keyof().options;

/** What the next execution receives of a run's state: all that the snapshot's schema names, and nothing else. */
export const carriedOf = (state: Carried): Carried => pick(state, CARRIED);

/**
 * Keeps a run within its bytes. While it fits, nothing is lost; else what is least needed goes first: old words before old
 * entries, what is settled before what is open, and last what the present decision is made by. In place.
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

/** A run that has grown by so many characters since it was last seen to fit is looked at again. */
const GROWTH = 20_000;
const fitted = new WeakMap<Carried, number>();

/**
 * Keeps a run about within its bytes, at each of its turns: to count them takes as long as all else that a turn does, so it
 * is only weighed while it has not grown. What travels is counted (`keepWithin`).
 */
export function keepNearWithin(state: Carried, most = CARRIED_BYTES): void {
  const weight = weightOf(carriedOf(state));
  const known = Math.min(fitted.get(state) ?? 0, weight);
  fitted.set(state, known);
  if (weight * WIDEST <= most || weight <= known + GROWTH) return;
  keepWithin(state, most);
  fitted.set(state, weightOf(carriedOf(state)));
}

/** Steps as the end of a run tells them, within its bytes: a retry needs them all, but not all of what was said. */
export function shownWithin(entries: StepEntry[], most = SHOWN_BYTES): StepEntry[] {
  if (fits(entries, most)) return entries;
  const told = JSON.parse(JSON.stringify(entries)) as StepEntry[];
  for (const measure of MEASURES) {
    for (const entry of told) trimEntry(entry, measure);
    if (fits(told, most)) return told;
  }
  return told;
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
