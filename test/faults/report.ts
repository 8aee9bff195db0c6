import { COUNTS, type Count, type Violation } from './judge/invariants.ts';

/** The outcome of one disturbed run, or of one crowd. */
export interface Outcome {
  /** The row of the table to which it belongs. */
  kind: string;
  /** The name that runs only this one again. */
  name: string;
  injected: number;
  actions: number;
  /** The time from the fault until everything has ended, in milliseconds. */
  tookMs?: number | undefined;
  violations: Violation[];
  /** The folder with the files for an investigation. */
  kept?: string | undefined;
  note?: string | undefined;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const counted = (outcomes: readonly Outcome[], count: Count) =>
  sum(outcomes.map(({ violations }) => violations.filter((each) => each.count === count).length));

/** One row per kind of fault, then one line of totals. */
export function table(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  const head = ['kind', 'runs', 'injected', 'actions', ...COUNTS, 'slowest'];
  const rows = kinds.map((kind) => {
    const own = outcomes.filter((each) => each.kind === kind);
    const slowest = Math.max(0, ...own.map(({ tookMs = 0 }) => tookMs));
    return [
      kind,
      own.length,
      sum(own.map(({ injected }) => injected)),
      sum(own.map(({ actions }) => actions)),
      ...COUNTS.map((count) => counted(own, count)),
      `${(slowest / 1_000).toFixed(1)} s`,
    ].map(String);
  });
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: string[]) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ');
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

export const isGood = (outcomes: readonly Outcome[]): boolean =>
  outcomes.length > 0 && outcomes.every(({ violations }) => violations.length === 0);

export function lastLine(outcomes: readonly Outcome[]): string {
  const injected = sum(outcomes.map(({ injected }) => injected));
  const actions = sum(outcomes.map(({ actions }) => actions));
  return `faults: injected=${injected} actions=${actions} ${COUNTS.map((count) => `${count}=${counted(outcomes, count)}`).join(' ')}`;
}
