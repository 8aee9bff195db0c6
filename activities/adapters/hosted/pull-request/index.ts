import type { RowState } from '../../../../workflows/contracts/run/row.ts';
import type { State } from '../../state/state.ts';
import type { HostedApi, HostedRepository } from '../api.ts';
import { ForgeFailure } from '../failures.ts';
import { handleComment, type Commands } from './commands.ts';
import { MARKER_MS } from './marker.ts';
import { PullRequestRows } from './rows.ts';
import { show, type CommentOn } from './showing.ts';

/** How often the database is asked for something to do, in milliseconds. */
const ROUND_MS = 1_000;
/** Comments are read from a little before the last look, because forges' times are whole seconds, in milliseconds. */
const OVERLAP_MS = 60_000;
/** The pause after a failure at the forge, in milliseconds: at first, and at most. */
const PAUSE_MS = { first: 5_000, most: 600_000 };

export interface PullRequestOptions {
  state: State;
  /** The hosted forge of a repository, and the repository as the forge spells it. Undefined: none is open for it. */
  at(canonical: string): Promise<{ api: HostedApi; repository: HostedRepository } | undefined>;
  commentOn(repository: string): CommentOn;
  personOf(vendor: string, login: string): string | undefined;
  /** Why an account may not do this to a run. Undefined: it may. */
  forbids(vendor: string, ...of: Parameters<Commands['forbids']>): string | undefined;
  pageOf(run: RowState): string | undefined;
  signal: Commands['signal'];
  /** How often new comments of a repository are read, in milliseconds. */
  every(repository: string): Promise<number>;
  log: (fields: object, message: string) => void;
}

/**
 * Shows runs on their pull requests, and takes commands from comments there. One worker at a time does it for all. What it
 * does is in the database, so that another one goes on after a crash, and nothing is done twice.
 */
export class PullRequests {
  private readonly rows: PullRequestRows;
  private readonly stop = new AbortController();
  private readonly failures = new Map<string, number>();
  /** Whether we made a pull request, by its address. */
  private readonly ours = new Map<string, boolean>();
  private working: Promise<void> | undefined;

  constructor(private readonly options: PullRequestOptions) {
    this.rows = new PullRequestRows(options.state);
  }

  start(): void {
    this.working ??= this.work();
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.working;
  }

  private async work(): Promise<void> {
    const { state, log } = this.options;
    const { signal } = this.stop;
    while (!signal.aborted) {
      // The lease is held for one round only, so that a worker that stops blocks nobody.
      await state.leases
        .hold('pull requests', () => (signal.aborted ? Promise.resolve() : this.round()))
        .catch((failure: unknown) => log({ because: (failure as Error).message }, 'pull requests wait'));
      await pause(ROUND_MS, signal);
    }
  }

  /** Does everything that is due now. */
  async round(now = Date.now()): Promise<void> {
    const live = await this.rows.live();
    await this.showAll(now);
    await this.readComments(live, now);
    for (const noticed of await this.rows.noticed(now)) {
      const pauseMs = await this.trying(`comment ${noticed.id}`, noticed.repository, async ({ api, repository }) => {
        const { signal } = this.options;
        const { rows } = this;
        const personOf = (login: string) => this.options.personOf(api.vendor, login);
        const forbids: Commands['forbids'] = (...of) => this.options.forbids(api.vendor, ...of);
        await handleComment({ api, repository, rows, live, personOf, forbids, signal }, noticed, now);
      });
      if (pauseMs) await this.rows.update(noticed, { due_at: now + pauseMs });
    }
  }

  private async showAll(now: number): Promise<void> {
    const { commentOn, pageOf } = this.options;
    const unshown = await this.rows.unshown(now, now - MARKER_MS.renewed);
    if (unshown.length === 0) return;
    const installation = await this.rows.installation();
    for (const { run, shown } of unshown) {
      const pauseMs = await this.trying(run.workflowId, run.repository, async (at) => {
        const showing = {
          ...at,
          rows: this.rows,
          comment: commentOn(run.repository),
          ours: this.ours,
          installation,
          pageOf,
        };
        await this.rows.keepShown(await show(showing, run, shown, now));
      });
      if (pauseMs && shown) await this.rows.keepShown({ ...shown, due_at: now + pauseMs });
    }
  }

  /** Reads new comments, so that a lost webhook loses no command. */
  private async readComments(live: readonly RowState[], now: number): Promise<void> {
    const numbers = new Map<string, Set<number>>();
    for (const { repository, pullRequest } of live) {
      if (pullRequest === undefined) continue;
      numbers.set(repository, (numbers.get(repository) ?? new Set()).add(pullRequest));
    }
    const polls = await this.rows.polls([...numbers.keys()]);
    for (const [canonical, ours] of numbers) {
      const { since = new Date(now - OVERLAP_MS).toISOString(), due = 0 } = polls.get(canonical) ?? {};
      if (due > now) continue;
      const pauseMs = await this.trying(`comments ${canonical}`, canonical, async ({ api, repository }) => {
        const found = (await api.newComments(repository, since)).filter(({ number }) => ours.has(number));
        await this.rows.notice(canonical, found, now);
        await this.rows.polled(
          canonical,
          new Date(now - OVERLAP_MS).toISOString(),
          now + (await this.options.every(canonical)),
        );
      });
      if (pauseMs) await this.rows.polled(canonical, since, now + pauseMs);
    }
  }

  /** Runs what asks the forge. Returns how long to wait before it is tried again, if the forge did not answer. */
  private async trying(
    what: string,
    canonical: string,
    work: (at: { api: HostedApi; repository: HostedRepository }) => Promise<void>,
  ): Promise<number | undefined> {
    try {
      const at = await this.options.at(canonical);
      if (!at) return PAUSE_MS.most;
      await work(at);
      this.failures.delete(what);
      return undefined;
    } catch (failure) {
      const count = (this.failures.get(what) ?? 0) + 1;
      this.failures.set(what, count);
      if (count === 1)
        this.options.log({ what, because: (failure as Error).message }, 'a pull request cannot be updated now');
      const wished = failure instanceof ForgeFailure ? failure.retryAfterMs : undefined;
      return wished ?? Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(count - 1, 10));
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const clock = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(clock), resolve()), { once: true });
  });
