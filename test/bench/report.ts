import type { Figure, Metric, Unit, Who } from './figures.ts';
import { barOf, METRICS, metricIds, type MetricId } from './metrics.ts';

export const WHO: readonly Who[] = ['floor', 'gatehouse', 'dbos', 'pg-boss'];
const HEADS: Record<Who, string> = { floor: 'floor', gatehouse: 'gatehouse', dbos: 'DBOS', 'pg-boss': 'pg-boss' };

export interface Verdict {
  id: string;
  /** gatehouse's median over the floor's, where both were measured. */
  ratio?: number | undefined;
  /** The target, in words. Undefined if there is none. */
  bar?: string | undefined;
  /**
   * Whether the target is met. Undefined without a target or a figure for gatehouse. False without a floor for comparison.
   */
  holds?: boolean | undefined;
}

/** Judges one metric by its target. */
export function judge({ id, unit, figures: { floor, gatehouse } }: Metric): Verdict {
  const ratio = floor && gatehouse ? gatehouse.summary.p50 / floor.summary.p50 : undefined;
  const bar = barOf(id);
  if (!bar) return { id, ratio };
  const { most } = bar;
  const words = bar.of === 'ratio' ? `<= ${most} x floor` : `<= ${numberOf(most)} ${unit}`;
  if (!gatehouse) return { id, bar: words };
  const value = bar.of === 'ratio' ? ratio : bar.of === 'worst' ? gatehouse.summary.max : gatehouse.summary.p50;
  return { id, ratio, bar: words, holds: value !== undefined && value <= most };
}

/** The requested metrics that have a target and were not measured. They count as missed. */
export const unmeasured = (metrics: readonly Metric[], wanted: readonly string[]): string[] =>
  metricIds.filter(
    (id) => barOf(id) && wanted.includes(id) && !metrics.some((metric) => metric.id === id && metric.figures.gatehouse),
  );

/** The table for people, with medians and, for enough samples, percentiles. */
export function table(metrics: readonly Metric[], absent: Partial<Record<Who, string>>): string {
  const heads = [
    'metric',
    'unit',
    ...WHO.slice(0, 2).map((who) => HEADS[who]),
    'ratio',
    'target',
    '',
    'DBOS',
    'pg-boss',
  ];
  const rows = inOrder(metrics).map((metric) => {
    const { ratio, bar, holds } = judge(metric);
    const cell = (who: Who) => {
      const figure = metric.figures[who];
      return figure ? cellOf(figure, metric.unit) : absent[who] ? 'not run' : '';
    };
    const mark = holds === undefined ? '' : holds ? 'ok' : 'MISSED';
    const reported = ratio === undefined ? '' : ratio.toFixed(2);
    return [
      metric.title,
      metric.unit,
      cell('floor'),
      cell('gatehouse'),
      reported,
      bar ?? '',
      mark,
      cell('dbos'),
      cell('pg-boss'),
    ];
  });
  const lines = [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return aligned(lines).join('\n');
}

const inOrder = (metrics: readonly Metric[]): Metric[] =>
  [...metrics].sort((a, b) => metricIds.indexOf(a.id as never) - metricIds.indexOf(b.id as never));

/** The median, p90, p99 and maximum if there are enough samples, and the spread of the repetitions. */
function cellOf({ summary, note }: Figure, unit: Unit): string {
  const { n, p50, p90, p99, max, spread } = summary;
  const middle = numberOf(p50);
  const apart = spread[0] !== spread[1] ? ` (${numberOf(spread[0])}–${numberOf(spread[1])})` : '';
  const tail = n >= 20 && (unit === 'ms' || unit === 's') ? ` / ${[p90, p99, max].map(numberOf).join(' / ')}` : '';
  return `${middle}${tail}${apart}${note ? ` [${note}]` : ''}`;
}

export const numberOf = (value: number): string =>
  Number.isInteger(value) || value >= 100
    ? Math.round(value).toLocaleString('en')
    : value >= 10
      ? value.toFixed(1)
      : value.toFixed(2);

/** The line that ends the report: ratios to the floor, or the figures of metrics without a floor. */
export function line(metrics: readonly Metric[]): string {
  const reported = inOrder(metrics).flatMap((metric) => {
    const { ratio } = judge(metric);
    const { gatehouse } = metric.figures;
    if (!gatehouse) return [];
    const value = ratio?.toFixed(2) ?? `${numberOf(gatehouse.summary.p50).replaceAll(',', '')}${shortOf(metric.unit)}`;
    return [`${metric.id}=${value}`];
  });
  return ['bench:', ...reported].join(' ');
}

const shortOf = (unit: Unit): string => (['events', 'looks', 'actions'].includes(unit) ? '' : unit);

/** The missed targets, in words. */
export function missed(metrics: readonly Metric[], wanted: readonly string[]): string[] {
  const judged = inOrder(metrics)
    .map(judge)
    .filter(({ holds }) => holds === false);
  return [
    ...judged.map(({ id, bar, ratio }) => `${titleOf(id)}: target ${bar}${ratio ? `, ratio ${ratio.toFixed(2)}` : ''}`),
    ...unmeasured(metrics, wanted).map((id) => `${titleOf(id)}: not measured`),
  ];
}

const titleOf = (id: string): string => METRICS[id as MetricId].title;

function aligned(lines: string[]): string[] {
  const cells = lines.map((each) => each.slice(2, -2).split(' | '));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells.map((row) => {
    const filled = row.map((cell, column) =>
      cell === '---' ? '-'.repeat(widths[column]!) : cell.padEnd(widths[column]!),
    );
    return `| ${filled.join(' | ')} |`;
  });
}
