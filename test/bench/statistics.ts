/** The summary of samples, the same for all subjects: nearest-rank percentiles over all samples. */
export interface Summary {
  /** The number of samples in all repetitions, without the warm-up. */
  n: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  /** The lowest and the highest median of the repetitions, which show how much conditions change the figure. */
  spread: [number, number];
}

/**
 * Summarizes the repetitions of one measurement. Each percentile is the median of the percentiles of the repetitions.
 * `max` is the maximum over all of them. Throws if there are no samples.
 */
export function summarize(repetitions: readonly (readonly number[])[]): Summary {
  const kept = repetitions.filter((samples) => samples.length > 0);
  if (kept.length === 0) throw new Error('There are no samples.');
  const sorted = kept.map((samples) => [...samples].sort((a, b) => a - b));
  const over = (share: number) => middle(sorted.map((samples) => percentile(samples, share)));
  const medians = sorted.map((samples) => percentile(samples, 0.5));
  return {
    n: sorted.reduce((sum, samples) => sum + samples.length, 0),
    p50: over(0.5),
    p90: over(0.9),
    p99: over(0.99),
    max: Math.max(...sorted.map((samples) => samples.at(-1)!)),
    spread: [Math.min(...medians), Math.max(...medians)],
  };
}

/** The percentile of sorted samples by nearest rank, so it is a value that was measured. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The median. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}
