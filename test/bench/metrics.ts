import type { Metric } from './figures.ts';

/** The target of a metric: for its ratio to the floor in the same run, its median, or its worst sample. */
export interface Bar {
  of: 'ratio' | 'median' | 'worst';
  most: number;
}

type Known = Omit<Metric, 'figures' | 'id'> & { bar?: Bar };

const ratio = (most: number): Bar => ({ of: 'ratio', most });
const median = (most: number): Bar => ({ of: 'median', most });

/** Every metric by its id, with its title, its unit, and its target, if there is one. The report has the same order. */
export const METRICS = {
  action: { title: 'action → effect (signal)', unit: 'ms', bar: ratio(1.3) },
  'action-update': { title: 'action → effect (update)', unit: 'ms', bar: ratio(1.3) },
  acknowledged: { title: 'action acknowledged (update)', unit: 'ms', bar: ratio(1.2) },
  'acknowledged-signal': { title: 'action acknowledged (signal)', unit: 'ms', bar: ratio(1.2) },
  step: { title: 'per step', unit: 'ms', bar: ratio(1.3) },
  'happy-time': { title: 'happy path: time without people', unit: 'ms' },
  'happy-events': { title: 'happy path: history events', unit: 'events', bar: median(250) },
  'happy-size': { title: 'happy path: history size', unit: 'kB', bar: median(300) },
  'happy-actions': { title: 'happy path: Temporal actions', unit: 'actions' },
  storm: { title: 'storm: 1,000 actions at 1,000 parked runs', unit: 's', bar: ratio(1.5) },
  'storm-short': { title: '… with jobs that end at once', unit: 's' },
  crash: { title: 'kill -9 → first effect, 500 parked', unit: 's', bar: { of: 'worst', most: 5 } },
  'parked-memory': { title: '5,000 parked, 1,000 cached: worker memory', unit: 'MB', bar: median(1_000) },
  'parked-cpu': { title: '5,000 parked: worker CPU, idle', unit: '%', bar: median(5) },
  'parked-server': { title: '5,000 parked: server CPU, idle', unit: '%' },
  'parked-database': { title: '5,000 parked: database per run', unit: 'kB' },
  wake: { title: 'cold wake: action → effect, evicted run', unit: 'ms' },
  replay: { title: 'replay rate', unit: 'events/s' },
  'checks-events': { title: '24 h of waiting for checks: history', unit: 'events', bar: median(60) },
  'checks-looks': { title: '24 h of waiting for checks: polls', unit: 'looks' },
  'cli-help': { title: 'command line: --help', unit: 'ms', bar: ratio(3) },
  'cli-version': { title: 'command line: --version', unit: 'ms', bar: ratio(3) },
  'cli-completion': { title: 'command line: completion', unit: 'ms', bar: ratio(3) },
  'cli-loading': { title: 'command line: list, loading only', unit: 'ms', bar: ratio(1.3) },
  'cli-list': { title: 'command line: list, with a server', unit: 'ms', bar: ratio(1.3) },
  inbox: { title: 'inbox of 5,000 rows, read from the database', unit: 'ms', bar: median(50) },
  'repository-first': { title: 'large repository: first checkout', unit: 's' },
  'repository-second': { title: 'large repository: second checkout', unit: 's', bar: ratio(1.2) },
  'repository-removal': { title: 'large repository: removal of a checkout', unit: 'ms', bar: median(100) },
  'repository-git': { title: 'large repository: git of one human-review', unit: 's', bar: ratio(1.5) },
  'repository-run': { title: '… whole run, without people', unit: 's' },
  'repository-removals': { title: '… removals that it waited for', unit: 'ms', bar: median(500) },
  'agent-acp': { title: 'job by ACP: processor time over its program alone', unit: 'ms', bar: median(300) },
  'agent-memory': { title: '… its memory, 5,000 updates over 500', unit: 'MB', bar: ratio(1.3) },
} as const satisfies Record<string, Known>;

export type MetricId = keyof typeof METRICS;
export const metricIds = Object.keys(METRICS) as MetricId[];
export const barOf = (id: string): Bar | undefined => (METRICS as Record<string, Known>)[id]?.bar;
