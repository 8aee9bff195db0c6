import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Expected } from '../../../ports.ts';
import type { MergeMethod, PullRequest } from '../api.ts';

/** A merge as it is asked for. `method`: the policy's. */
export type Wish = Expected & { method?: MergeMethod | undefined };

/** How long a refusal for missing reviews serves while the pull request stays the same, in milliseconds. */
const SERVES_MS = 300_000;
const MOST = 1_000;

interface Waited {
  report: MergeReport;
  /** How the pull request looked then. */
  mark: string;
  until: number;
}

/**
 * The last refusals of merges that wait for reviews. A run asks for its merge again and again until they are there. The
 * forge is asked to merge only when the pull request has changed, or now and then, because not all changes can be seen.
 */
export class WaitingMerges {
  private readonly waited = new Map<string, Waited>();

  find({ url, ...pullRequest }: PullRequest, wish: Wish, now = Date.now()): MergeReport | undefined {
    const before = this.waited.get(url);
    return before && before.mark === markOf(pullRequest, wish) && before.until > now ? before.report : undefined;
  }

  note({ url, ...pullRequest }: PullRequest, wish: Wish, report: MergeReport, now = Date.now()): void {
    if (report.is !== 'waiting' || report.for !== 'reviews') return void this.waited.delete(url);
    if (this.waited.size >= MOST) this.waited.clear();
    this.waited.set(url, { report, mark: markOf(pullRequest, wish), until: now + SERVES_MS });
  }
}

const markOf = (
  { updatedAt, mergeState, mergeable, draft }: Omit<PullRequest, 'url'>,
  { head, baseHead, method }: Wish,
): string => JSON.stringify([updatedAt, mergeState, mergeable, draft, head, baseHead, method]);
