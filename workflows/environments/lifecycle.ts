import { CancellationScope, condition, isCancellation, rootCause, setHandler, sleep } from '@temporalio/workflow';
import type { Activities, EnvironmentView, SiteLook } from '../contracts/activities.ts';
import { EnvironmentInput, Release, siteKeyOf } from '../contracts/environment.ts';
import { buildSignal, Hint, hintSignal, releaseSignal, upgradeSignal } from '../contracts/messages.ts';
import { retryingSignal } from '../contracts/retrying.ts';
import { SNAPSHOT_VERSION, type SiteSnapshot } from '../contracts/snapshot.ts';
import { beside, keptUp } from '../temporal/background.ts';
import { activitiesFor } from '../temporal/proxies.ts';
import { Retries } from '../temporal/retries.ts';
import { SiteWindows } from './queries.ts';
import { tellWhenSlow } from './slow.ts';
import { Standing } from './teardown.ts';
import { Upgrading } from '../temporal/upgrade.ts';

/** An environment as it lives: what is wanted, what there is, and who is told. One generation is up at a time. */
export class OpenSite {
  /** Why it is to end, once it is. */
  released: string | undefined;
  private wanted: EnvironmentInput;
  private hints = 0;
  private readonly windows: SiteWindows;
  private readonly standing: Standing;
  private readonly retries = new Retries((failing, entry) => this.windows.showFailing(failing, entry));
  private readonly activities: Activities = activitiesFor('environment', this.retries.begin);
  private readonly upgrading = new Upgrading();
  private revived: boolean;

  /** `before` is how an earlier execution left it. */
  constructor({ resume, ...input }: EnvironmentInput, before: SiteSnapshot | undefined) {
    void resume;
    this.wanted = input;
    this.standing = new Standing(this.activities, input.task, before?.keys ?? []);
    this.revived = before?.revived ?? false;
    this.released = before?.released;
    const { generation, holder, head } = input;
    const view = (before?.view as EnvironmentView | undefined) ?? { status: 'provisioning', generation, holder, head };
    this.windows = new SiteWindows(view);
    setHandler(releaseSignal, (raw) => this.hearRelease(raw), { description: 'Between workflows: not for people.' });
    setHandler(buildSignal, (raw) => this.hearBuild(raw), { description: 'Between workflows: not for people.' });
    setHandler(hintSignal, (raw) => void (this.hints += Number(Hint.safeParse(raw).success)), {
      description: 'Look now instead of later. Input: {"about": "environment"}.',
    });
    setHandler(upgradeSignal, (raw) => this.upgrading.hear(raw), { description: 'Between builds: not for people.' });
    setHandler(retryingSignal, (raw) => this.retries.hear(raw), { description: 'From workers: not for people.' });
    if (before) this.windows.draw(view);
    beside(CancellationScope.current(), () => this.watchHolder());
  }

  private get view(): EnvironmentView {
    return this.windows.view;
  }

  /** Whether everybody has been told. */
  quiet = () => this.windows.quiet();

  /** Brings one generation up, and watches it until another is wanted, or none. */
  async generation(): Promise<void> {
    const { wanted } = this;
    const up = this.view.status === 'live' && this.view.generation === wanted.generation;
    if (!up && !(await this.bringUp(wanted))) return;

    const ended = await this.live(wanted, this.view.expiresAt);
    if (!ended || this.moot(wanted)) return;
    if (this.revived) return this.give(`It ended again: ${because(ended)}`, 'failed');

    // Found dead, say after the machine was restarted: it is made once more by itself, as the next generation.
    this.revived = true;
    this.wanted = { ...wanted, generation: wanted.generation + 1 };
    this.windows.show({
      status: 'provisioning',
      generation: this.wanted.generation,
      head: wanted.head,
      because: because(ended),
    });
  }

  /** Answers whether it is up, and still wanted. */
  private async bringUp(wanted: EnvironmentInput): Promise<boolean> {
    await this.standing.clear(this.interrupt);
    if (this.moot(wanted)) return false;

    // Whoever asked for it knows that it is being made: only what comes of it is told.
    this.windows.draw({ status: 'provisioning', generation: wanted.generation, head: wanted.head });
    const look = await this.provision(wanted);
    if (!look || this.moot(wanted)) return false;
    if (look.is !== 'live') {
      this.give(`It could not be made: ${because(look)}`, 'failed');
      return false;
    }

    const { url, expiresAt } = look;
    this.windows.show({
      status: 'live',
      generation: wanted.generation,
      head: wanted.head,
      url,
      ...(expiresAt && { expiresAt }),
    });
    return true;
  }

  /** Takes down whatever may be up, as often as it takes. */
  async tearDown(): Promise<void> {
    const { status } = this.view;
    if (status !== 'failed')
      this.windows.show({ ...this.view, url: undefined, status: 'tearing-down', because: this.released });
    await this.standing.clear(this.interrupt);
    this.windows.show({
      ...this.view,
      url: undefined,
      status: status === 'failed' ? 'failed' : 'gone',
      because: this.released ?? this.view.because,
    });
  }

  private async provision(wanted: EnvironmentInput): Promise<SiteLook | undefined> {
    const key = siteKeyOf(wanted);
    this.standing.add(key);
    const { change, head, task } = wanted;
    const request = { key, change: change as never, head, task: task as never };
    const making = { activities: this.activities, key, seconds: wanted.provisionSeconds };
    const inTime = tellWhenSlow(making, (because) => this.windows.show({ ...this.view, because }));
    try {
      return await this.unlessMoot(wanted, () => this.activities.provisionEnvironment(request));
    } finally {
      inTime();
    }
  }

  private async live(wanted: EnvironmentInput, expiresAt: string | undefined): Promise<SiteLook | undefined> {
    const clock = new CancellationScope();
    if (expiresAt) {
      const left = Math.max(1, Date.parse(expiresAt) - Date.now());
      beside(clock, () =>
        sleep(left, { summary: 'environment: it expires' }).then(() => this.release('It has expired.')),
      );
    }
    try {
      for (;;) {
        const heard = this.hints;
        const ended = await this.unlessMoot(
          wanted,
          () => this.watch('environmentEnded', () => this.activities.environmentEnded({ key: siteKeyOf(wanted) })),
          () => this.hints > heard || this.moves(),
        );
        if (ended || this.moot(wanted)) return ended;
        if (this.moves()) await this.goOn();
      }
    } finally {
      clock.cancel();
    }
  }

  /** A watch of ours: while it is refused, that is told as what keeps failing. */
  private watch = <T>(activity: keyof Activities, ask: () => Promise<T>): Promise<T> =>
    keptUp(ask, (because) => this.retries.refused(activity, because), 'environment: it is watched anew');

  /** Works for a generation for as long as it is wanted. What is called off is cleared by its key, whatever became of it. */
  private async unlessMoot<T>(
    wanted: EnvironmentInput,
    work: () => Promise<T>,
    woken = () => false,
  ): Promise<T | undefined> {
    let over = false;
    const scope = new CancellationScope();
    const working = scope.run(work).finally(() => (over = true));
    working.catch(() => undefined);
    await condition(() => over || this.moot(wanted) || woken());
    const calledOff = !over;
    if (calledOff) scope.cancel();
    try {
      return await working;
    } catch (failure) {
      if (CancellationScope.current().consideredCancelled) throw failure;
      if (calledOff || isCancellation(failure)) return undefined;
      this.give(`It could not be made: ${rootCause(failure) ?? 'unknown'}`, 'failed');
      return undefined;
    }
  }

  /** Whether a newer build asks for it, and nobody is still to be told. */
  private moves = () => this.upgrading.asked && this.quiet();

  /** Goes on in a new execution: what is up stays up, and is watched from there. It never comes back. */
  private goOn(): Promise<never> {
    const { view, standing, revived, released, wanted } = this;
    const resume: SiteSnapshot = { version: SNAPSHOT_VERSION, view, keys: [...standing.keys], revived, released };
    return this.upgrading.goOn({ ...wanted, resume });
  }

  private readonly interrupt = { when: () => this.moves(), then: () => this.goOn() };

  private moot = (wanted: EnvironmentInput) => this.released !== undefined || this.wanted !== wanted;

  private give(reason: string, status: 'failed'): void {
    this.windows.show({ ...this.view, url: undefined, status, because: reason });
    this.released ??= reason;
  }

  private release = (reason: string): void => void (this.released ??= reason);

  private hearRelease(raw: unknown): void {
    const { data } = Release.safeParse(raw);
    if (data && data.holder.runId === this.wanted.holder.runId) this.release(data.because);
  }

  private hearBuild(raw: unknown): void {
    const { data } = EnvironmentInput.safeParse(raw);
    if (!data || this.released || data.holder.runId !== this.wanted.holder.runId) return;
    // A revival may have taken the number that the holder counts with: a new wish is always a new generation.
    this.wanted = { ...data, generation: Math.max(data.generation, this.wanted.generation + 1) };
    this.revived = false;
  }

  private async watchHolder(): Promise<void> {
    const { holder } = this.wanted;
    await this.watch('holderClosed', () => this.activities.holderClosed({ holder }));
    this.release('Its holder is closed.');
  }
}

const because = (look: SiteLook): string => ('because' in look && look.because) || `it is ${look.is}`;
