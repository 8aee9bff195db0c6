import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { Metrics } from '../../../worker/metrics/metrics.ts';

const read = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../worker/deploy/${name}`, import.meta.url)), 'utf8');

const { groups } = parse(read('alerts.yml')) as {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('dashboard.json')) as {
  panels: { title: string; gridPos: object; targets: { expr: string }[] }[];
};

const metrics = new Metrics({
  state: { now: undefined!, query: () => Promise.reject(new Error('No database.')) },
  forges: () => [],
  log: () => undefined,
});

/** What the SDK's core serves, and Prometheus itself adds. `npm run proofs -- --only prometheus` finds them in a real scrape. */
const OTHERS = [
  'up',
  'temporal_sticky_cache_size',
  'temporal_workflow_task_execution_failed',
  'temporal_workflow_task_schedule_to_start_latency_bucket',
];

/** The names of metrics in an expression: words that are neither functions, labels nor in quotes. */
const namesIn = (expr: string): string[] => [
  ...new Set(
    expr
      .replace(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on) \([^)]*\)/g, ' ')
      .match(/\b(?:up|[a-z]+_[a-z_]+)\b(?!\s*\()/g)
      ?.filter((name) => !FUNCTIONS.includes(name)),
  ),
];
const FUNCTIONS = ['min_over_time', 'histogram_quantile'];

it.each([
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
])('%s names metrics that are served', (_, expr) => {
  const names = namesIn(expr);
  expect(names).not.toEqual([]);
  expect(names.filter((name) => !metrics.names().includes(name) && !OTHERS.includes(name))).toEqual([]);
});

it('finds a name that nobody serves', () => {
  expect(namesIn('max by (gate) (gatehouse_waitings{what="x_y"}) and on (a_b) up[5m]')).toEqual([
    'gatehouse_waitings',
    'up',
  ]);
});

it('every alert says what to do', () => {
  const lacking = rules.filter(({ annotations }) => !annotations['summary'] || !annotations['description']);
  expect(lacking).toEqual([]);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

it('every metric of ours is on the dashboard or in an alert', () => {
  const used = [...rules.map(({ expr }) => expr), ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))];
  const ours = metrics.names().filter((name) => name.startsWith('gatehouse_') && !/_(bucket|sum|count)$/.test(name));
  expect(ours.filter((name) => !used.some((expr) => expr.includes(name)))).toEqual([]);
});
