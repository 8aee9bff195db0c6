import { Execution, type Options } from './execution.ts';
import type { Call, World } from './wire.ts';

/** More events than ever happen at one moment, so it is an endless loop. */
const ENDLESS = 20_000;

/**
 * Several workflows that signal and start each other in the SDK's own sandbox, in virtual time, without a server. It
 * imports SDK internals, as the SDK's own tests do. Unlike Core, it does not check the order of commands. Replay tests do
 * that.
 */
export class Cluster {
  readonly executions = new Map<string, Execution>();
  /** Executions that were followed by another one with the same id. */
  readonly earlier: Execution[] = [];
  readonly calls = new Set<Call>();
  readonly log: string[] = [];
  now = Date.parse('2026-01-01T00:00:00Z');
  activity = 0;
  private readonly alarms: { at: number; ring: () => void }[] = [];

  constructor(
    /** The activities by name. An activity that is missing stays open until the test completes it. */
    readonly world: World = {},
  ) {}

  /** Waits until no workflow and no activity has anything left to do at this moment. */
  async settle(): Promise<void> {
    const begun = this.activity;
    for (let seen = -1; seen !== this.activity;) {
      seen = this.activity;
      if (seen - begun > ENDLESS) throw new Error(`The workflows never settle: ${this.log.slice(-10).join(', ')}`);
      for (let turn = 0; turn < 4; turn += 1) {
        await Promise.all([...this.executions.values()].map((each) => each.drained()));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Lets several things happen at once, so that each workflow receives its events in one activation. */
  async concurrently(...happen: (() => unknown)[]): Promise<void> {
    await Promise.all(happen.map((each) => each()));
    await this.settle();
  }

  /** Waits in virtual time, for activities that take a while. */
  wait(ms: number): Promise<void> {
    return new Promise((ring) => this.alarms.push({ at: this.now + ms, ring }));
  }

  /** The time of the next timer or alarm, if there is one. */
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

  /** Advances the virtual time. Timers fire in order, and everything settles before the next one. */
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
