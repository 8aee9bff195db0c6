import { Retrying } from '../contracts/run/retrying.ts';

/** The maximum number of entries that are shown. */
const MOST = 10;

/**
 * The pending activities of a workflow that keep failing, as reported by workers. An entry is dropped when its activity
 * ends.
 */
export class FailingActivities {
  private readonly pending = new Map<string, { calls: Set<object>; about: string }>();
  private failing: readonly Retrying[] = [];

  /** `changed` receives what fails now, and the entry that was added or dropped. A dropped entry has 0 failures. */
  constructor(private readonly changed: (failing: readonly Retrying[], entry: Retrying) => void) {}

  /** Records that an activity was called. Call the returned function when it ends. */
  begin = (activity: string, about: string): (() => void) => {
    const known = this.pending.get(activity);
    if (!known) this.drop(activity, false); // a refused call is called again
    const call = {};
    const calls = new Set(known?.calls).add(call);
    this.pending.set(activity, { calls, about });
    return () => {
      const others = this.pending.get(activity)?.calls;
      if (others?.delete(call) && others.size === 0) this.abandon(activity);
    };
  };

  /** Forgets the pending calls of an activity, because the run no longer waits for them. They may end later. */
  abandon(activity: string): void {
    this.pending.delete(activity);
    this.drop(activity, false);
  }

  /**
   * Receives a report of a worker or of the run's environment. Takes any input and never throws. Ignores activities that
   * are not pending.
   */
  receive(raw: unknown): void {
    const { data } = Retrying.safeParse(raw);
    if (!data) return;
    const { activity, failures, environment = false } = data;
    const pending = this.pending.get(activity);
    if (failures === 0) return this.drop(activity, environment);
    if (!pending && !environment) return;
    this.add({ ...data, ...(!environment && pending && { about: pending.about }) });
  }

  /** Records a final refusal of an activity that will be called again. */
  refused(activity: string, message: string): void {
    this.add({ activity, failures: 1, since: new Date().toISOString(), message: message.slice(0, 1_000) });
  }

  private add(entry: Retrying): void {
    const others = this.failing.filter((each) => !same(each, entry.activity, entry.environment ?? false));
    this.change([...others, entry].slice(-MOST), entry);
  }

  private drop(activity: string, environment: boolean): void {
    const entry = this.failing.find((each) => same(each, activity, environment));
    if (!entry) return;
    this.change(
      this.failing.filter((each) => each !== entry),
      { ...entry, failures: 0 },
    );
  }

  private change(failing: readonly Retrying[], entry: Retrying): void {
    this.failing = failing;
    this.changed(failing, entry);
  }
}

const same = (each: Retrying, activity: string, environment: boolean): boolean =>
  each.activity === activity && (each.environment ?? false) === environment;
