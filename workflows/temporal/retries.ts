import { Retrying } from '../contracts/retrying.ts';

/** So many are shown at most. */
const MOST = 10;

/** What a workflow waits for that keeps failing: heard from workers, forgotten once the activity has ended. */
export class Retries {
  private readonly pending = new Map<string, { many: number; about: string }>();
  private failing: readonly Retrying[] = [];

  /** `changed` is told of each change: what fails now, and the entry that came or went, which failed 0 times when it went. */
  constructor(private readonly changed: (failing: readonly Retrying[], entry: Retrying) => void) {}

  /** An activity is asked for; what is returned is to be called at its end. */
  begin = (activity: string, about: string): (() => void) => {
    const known = this.pending.get(activity);
    if (!known) this.drop(activity, false); // what was refused is asked for anew
    this.pending.set(activity, { many: (known?.many ?? 0) + 1, about });
    return () => {
      const entry = this.pending.get(activity)!;
      entry.many -= 1;
      if (entry.many > 0) return;
      this.pending.delete(activity);
      this.drop(activity, false);
    };
  };

  /** Hears a worker, or the run's environment. It takes any input, and never throws; what is not waited for is no news. */
  receive(raw: unknown): void {
    const { data } = Retrying.safeParse(raw);
    if (!data) return;
    const { activity, failures, environment = false } = data;
    const pending = this.pending.get(activity);
    if (failures === 0) return this.drop(activity, environment);
    if (!pending && !environment) return;
    this.add({ ...data, ...(!environment && pending && { about: pending.about }) });
  }

  /** One was refused for good, and is to be asked for anew: until then it fails. */
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
