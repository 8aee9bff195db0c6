import { Execution, type Options } from './execution.ts';
import type { Call, World } from './wire.ts';

/** So much does not happen in one moment: somebody asks, and is answered, for ever. */
const ENDLESS = 20_000;

/**
 * Several workflows that signal and start each other in the SDK's own sandbox, in virtual time, without a server. It
 * imports SDK internals, as the SDK's own tests do. It does not check command order as Core does: replay tests do.
 */
export class Cluster {
  readonly executions = new Map<string, Execution>();
  /** Those that another one of the same id has followed. */
  readonly earlier: Execution[] = [];
  readonly calls = new Set<Call>();
  readonly log: string[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  activity = 0;
  private readonly alarms: { at: number; ring: () => void }[] = [];

  constructor(
    /** How the world answers; a name that is missing stays open until the test answers it. */
    readonly world: World = {},
  ) {}

  /** Waits until no workflow and no answer of the world has anything left to say. */
  async settle(): Promise<void> {
    const begun = this.activity;
    for (let seen = -1; seen !== this.activity;) {
      seen = this.activity;
      if (seen - begun > ENDLESS) throw new Error(`It never comes to rest: ${this.log.slice(-10).join(', ')}`);
      for (let turn = 0; turn < 4; turn += 1) {
        await Promise.all([...this.executions.values()].map((each) => each.drained()));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Lets several things happen at once: each workflow hears of its own in one activation. */
  async together(...happen: (() => unknown)[]): Promise<void> {
    await Promise.all(happen.map((each) => each()));
    await this.settle();
  }

  /** For answers of the world that take their time, in milliseconds. */
  wait(ms: number): Promise<void> {
    return new Promise((ring) => this.alarms.push({ at: this.now + ms, ring }));
  }

  /** When something happens next by itself, if anything does. */
  nextDue = (): number | undefined => this.dueUntil(Infinity)?.at;

  private dueUntil(until: number): { at: number; happen: () => void } | undefined {
    const timers = [...this.executions.values()].flatMap((each) =>
      each.timers().map(({ at, seq }) => ({ at, happen: () => each.fire(seq) })),
    );
    const alarms = this.alarms.map((alarm) => ({
      at: alarm.at,
      happen: () => {
        this.alarms.splice(this.alarms.indexOf(alarm), 1);
        this.activity += 1;
        alarm.ring();
      },
    }));
    return [...alarms, ...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  }

  /** Lets time pass; timers fire in order, each seen to its end before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    for (let due = this.dueUntil(until); due; due = this.dueUntil(until)) {
      this.now = Math.max(this.now, due.at);
      due.happen();
      await this.settle();
    }
    this.now = until;
  }

  async start(workflowType: string, workflowId: string, input: unknown, options: Options = {}): Promise<Execution> {
    const execution = await Execution.create(this, workflowType, workflowId, input, options);
    await this.settle();
    return execution;
  }
}
