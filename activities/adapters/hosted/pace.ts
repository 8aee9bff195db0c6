import type { State } from '../state/state.ts';
import type { HostedApi } from './api.ts';

/** How often a wait is polled where webhooks of the repository arrive, in milliseconds, and how long one counts. */
const BESIDES_MS = 900_000;
const WEBHOOK_MS = 86_400_000;
/** How long an answer about webhooks, the rate limit and the number of runs serves, in milliseconds. */
const FRESH_MS = 60_000;
/** How many calls that the limit counts one poll needs at most: what has not changed is answered without being counted. */
const CALLS = 3;

export interface PaceParts {
  api: Pick<HostedApi, 'limit'>;
  state: Pick<State, 'query'>;
  /** How many runs of this forge wait now, at most. */
  waiting(): Promise<number>;
}

/**
 * How often a hosted forge is polled: rarely where webhooks arrive, as they make runs quick, and never so often that all runs
 * together use more than half of what the rate limit leaves until its reset.
 */
export class Pace {
  private readonly webhooks = new Map<string, { at: number; last: number }>();
  private least: { at: number; ms: number } | undefined;

  constructor(
    private readonly parts: PaceParts,
    private readonly now: () => number = Date.now,
  ) {}

  /** The pause before the next poll of a run on this repository, in milliseconds. `wishedMs`: as it is configured. */
  async every(repository: string, wishedMs: number): Promise<number> {
    const isQuick = this.now() - (await this.lastWebhook(repository)) < WEBHOOK_MS;
    return Math.max(wishedMs, isQuick ? BESIDES_MS : 0, await this.leastMs());
  }

  private async lastWebhook(repository: string): Promise<number> {
    const key = repository.toLowerCase();
    const known = this.webhooks.get(key);
    if (known && this.now() - known.at < FRESH_MS) return known.last;
    const row = await this.parts.state.query((db) =>
      db
        .selectFrom('deliveries')
        .select('received_at')
        .where('repository', '=', key)
        .orderBy('received_at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    const last = row?.received_at ?? 0;
    if (this.webhooks.size > 10_000) this.webhooks.clear();
    this.webhooks.set(key, { at: this.now(), last });
    return last;
  }

  /** The shortest pause that the rate limit allows. A forge that cannot say leaves it to the configuration. */
  private async leastMs(): Promise<number> {
    if (this.least && this.now() - this.least.at < FRESH_MS) return this.least.ms;
    const limit = await this.parts.api.limit().catch(() => undefined);
    const ms = limit ? await this.within(limit) : 0;
    this.least = { at: this.now(), ms };
    return ms;
  }

  private async within({ left, until }: { left: number; until: string }): Promise<number> {
    const untilMs = Math.max(0, Date.parse(until) - this.now());
    const polls = left / 2 / CALLS;
    return polls < 1 ? untilMs : Math.ceil((untilMs * (await this.parts.waiting())) / polls);
  }
}
