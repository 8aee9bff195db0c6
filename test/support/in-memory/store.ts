import { createHash } from 'node:crypto';
import type { Ledger } from '../../../activities/ledger.ts';
import type { Meter, Releases, Texts, Tracker } from '../../../activities/ports.ts';
import type { Signal } from '../../../workflows/contracts/activities.ts';
import { addCents } from '../../../workflows/contracts/cents.ts';

/** A fake tracker with issues in memory. */
export class InMemoryTracker implements Tracker {
  readonly issues = new Map<string, { title: string; told: Map<string, string>; open: boolean }>();
  private readonly filed = new Map<string, string>();

  constructor(private readonly ledger?: Ledger) {}

  async file({ key, title }: Parameters<Tracker['file']>[0]): Promise<{ id: string }> {
    const before = this.filed.get(key);
    if (before !== undefined) return { id: before };
    const id = `ISSUE-${this.filed.size + 1}`;
    this.filed.set(key, id);
    this.issues.set(id, { title, told: new Map(), open: true });
    this.ledger?.note({ effect: 'issue-filed', key });
    return { id };
  }

  async tell({ key, issue, text, resolve }: Parameters<Tracker['tell']>[0]): Promise<boolean> {
    const found = this.issues.get(issue);
    if (!found || found.told.has(key)) return found !== undefined;
    found.told.set(key, text);
    found.open &&= !resolve;
    this.ledger?.note({ effect: 'issue-told', key });
    return true;
  }
}

/** A fake meter that records the cost of each job once per key. */
export class InMemoryMeter implements Meter {
  private readonly costs = new Map<string, { at: string; costCents: number }>();

  constructor(private readonly ledger?: Ledger) {}

  async record({ key, at, costCents }: Parameters<Meter['record']>[0]): Promise<void> {
    if (this.costs.has(key)) return;
    this.costs.set(key, { at, costCents });
    this.ledger?.note({ effect: 'cost-recorded', key });
  }

  async spent(month: string): Promise<number> {
    const spent = [...this.costs.values()].filter(({ at }) => at.startsWith(month));
    return spent.reduce((sum, { costCents }) => addCents(sum, costCents), 0);
  }
}

/** Fake releases whose signals are a function of the merge commit. */
export class InMemoryReleases implements Releases {
  constructor(private readonly read: (mergeCommit: string) => Signal[] = () => [{ id: 'errors', state: 'ok' }]) {}

  examine = async () => ({ configured: true });
  look = async (_: unknown, mergeCommit: string): Promise<Signal[]> => this.read(mergeCommit);
}

/** A fake store of large texts by their hash. */
export class InMemoryTexts implements Texts {
  private readonly texts = new Map<string, string>();

  async keep(text: string): Promise<string> {
    const hash = createHash('sha256').update(text).digest('hex');
    this.texts.set(hash, text);
    return hash;
  }

  read = async (hash: string): Promise<string | undefined> => this.texts.get(hash);
}
