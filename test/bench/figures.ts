import { summarize, type Summary } from './statistics.ts';

export type Who = 'floor' | 'gatehouse' | 'dbos' | 'pg-boss';
export type Unit = 'ms' | 's' | 'MB' | 'kB' | '%' | 'events' | 'events/s' | 'actions' | 'looks';

/** The result of one subject on one metric. A single figure is a sample like any other. */
export interface Figure {
  summary: Summary;
  /** How this measurement differs from those of the other subjects, in a few words. */
  note?: string;
  raw: number[][];
}

export interface Metric {
  id: string;
  title: string;
  unit: Unit;
  figures: Partial<Record<Who, Figure>>;
}

export const figure = (repetitions: number[][], note?: string): Figure => ({
  summary: summarize(repetitions),
  raw: repetitions,
  ...(note !== undefined && { note }),
});

/** Collects the scenarios' metrics, in the order in which they are first added. */
export class Book {
  private readonly all = new Map<string, Metric>();

  add(metric: Omit<Metric, 'figures'>, figures: Metric['figures']): void {
    const before = this.all.get(metric.id);
    this.all.set(metric.id, { ...metric, figures: { ...before?.figures, ...figures } });
  }

  get metrics(): Metric[] {
    return [...this.all.values()];
  }
}
