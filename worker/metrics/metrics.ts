import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { bounded } from './labels.ts';
import { readGauges, type Reading } from './rows.ts';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
/** How long what the rows say serves several scrapes, in milliseconds: the database is asked once meanwhile. */
const FRESH_MS = 5_000;
const SAME = 'From the database, so every process says the same: take the max.';
const OWN = 'Of this process alone: take the sum.';

/** What a forge can say of its calls, without being asked. */
export interface Traffic {
  name: string;
  traffic?: (() => { counts: Count[]; limits: { as: string; left: number }[] }) | undefined;
}
interface Count {
  method: string;
  /** 0: no answer. */
  status: number;
  count: number;
}

export interface MetricsParts {
  state: Reading;
  forges(): readonly Traffic[];
  /** Told when the database cannot be read for a scrape. */
  log(message: string): void;
}

/**
 * The metrics of this process, in Prometheus' own text. Gauges are read from the rows when they are asked for, and no run is
 * ever queried. What runs do is counted where a worker sees it.
 */
export class Metrics {
  private readonly registry = new Registry();
  private readonly gauges;
  private readonly requests;
  private readonly limit;
  private readonly database;
  private readAt = 0;
  readonly actionToEffect;
  readonly steps;
  readonly attempts;
  readonly httpRequests;
  readonly eventStreams;

  constructor(private readonly parts: MetricsParts) {
    const registers = [this.registry];
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name, help: `${help} ${SAME}`, labelNames, registers });
    this.gauges = {
      runs: gauge('gatehouse_runs', 'Runs by status; of ended ones those of the last 24 hours.', ['status']),
      waiting: gauge('gatehouse_waiting_seconds', 'The oldest wait at a gate, by what is waited for.', [
        'gate',
        'what',
      ]),
      jobs: gauge('gatehouse_jobs', 'Jobs of agents that have not ended, by pool and state.', ['pool', 'state']),
      environments: gauge('gatehouse_environments', 'Environments that are not gone.'),
      notices: gauge('gatehouse_notices_kept', 'Notices that are not delivered yet.', ['adapter']),
      runners: gauge('gatehouse_runners', 'Workers, by whether they are heard of.', ['state']),
    };
    this.database = new Gauge({
      name: 'gatehouse_database_up',
      help: `Whether this process could read the database. ${OWN}`,
      registers,
    });
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name, help: `${help} ${OWN}`, labelNames, registers });
    this.attempts = counter('gatehouse_attempts_total', 'Jobs that ended.', ['role', 'outcome']);
    const requests = 'Calls to the API of a forge. Status 0: no answer.';
    this.requests = counter('gatehouse_forge_requests_total', requests, ['forge', 'method', 'status']);
    this.httpRequests = counter('gatehouse_http_requests_total', 'Answers of the HTTP door.', ['method', 'status']);
    this.limit = new Gauge({
      name: 'gatehouse_forge_limit_remaining',
      help: 'What was left of the rate limit of our credentials at the last answer: take the min.',
      labelNames: ['forge', 'credentials'],
      registers,
    });
    this.eventStreams = new Gauge({
      name: 'gatehouse_event_streams',
      help: `Event streams that are open. ${OWN}`,
      registers,
    });
    this.actionToEffect = new Histogram({
      name: 'gatehouse_action_to_effect_seconds',
      help: `From when a run took an action until the first activity that followed it. ${OWN}`,
      labelNames: ['action'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, MINUTE, 5 * MINUTE],
      registers,
    });
    this.steps = new Histogram({
      name: 'gatehouse_step_seconds',
      help: `How long the steps of ended runs took, without waits for people. ${OWN}`,
      labelNames: ['gate', 'outcome'],
      buckets: [1, 10, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY],
      registers,
    });
    collectDefaultMetrics({ register: this.registry });
  }

  /** The names of all metrics, as they are served: a histogram has three. */
  names(): string[] {
    const all = this.registry.getMetricsAsArray().map(({ name }) => name);
    const histograms = [this.actionToEffect, this.steps].map((metric) => Reflect.get(metric, 'name') as string);
    return [...all, ...histograms.flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`])];
  }

  /** The text of a scrape. A database that does not answer leaves its gauges out. */
  async text(): Promise<string> {
    await this.readRows();
    this.readForges();
    return this.registry.metrics();
  }

  private async readRows(): Promise<void> {
    if (Date.now() - this.readAt < FRESH_MS) return;
    try {
      const read = await readGauges(this.parts.state);
      for (const [name, values] of Object.entries(read)) {
        const gauge = this.gauges[name as keyof typeof read];
        gauge.reset();
        for (const { value, ...labels } of values) gauge.set(bounded(labels), value);
      }
      this.database.set(1);
      this.readAt = Date.now();
    } catch (failure) {
      for (const gauge of Object.values(this.gauges)) gauge.reset();
      this.database.set(0);
      this.parts.log((failure as Error).message);
    }
  }

  private readForges(): void {
    this.requests.reset();
    this.limit.reset();
    for (const { name: forge, traffic } of this.parts.forges()) {
      const { counts, limits } = traffic?.() ?? { counts: [], limits: [] };
      for (const { method, status, count } of counts)
        this.requests.inc(bounded({ forge, method, status: String(status) }), count);
      for (const { as, left } of limits) this.limit.set(bounded({ forge, credentials: as }), left);
    }
  }
}
