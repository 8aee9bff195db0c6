import {
  CancellationScope,
  condition,
  isCancellation,
  patched,
  rootCause,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { Activities, EnvironmentView, EnvironmentReport } from '../contracts/activities.ts';
import { EnvironmentInput, Release, environmentKeyOf } from '../contracts/environment.ts';
import { buildSignal, Hint, hintSignal, releaseSignal, upgradeSignal } from '../contracts/messages.ts';
import { retryingSignal } from '../contracts/run/retrying.ts';
import { SNAPSHOT_VERSION, type EnvironmentSnapshot } from '../contracts/run/snapshot.ts';
import { inBackground, restarting } from '../temporal/background.ts';
import { activitiesFor } from '../temporal/proxies.ts';
import { FailingActivities } from '../temporal/failing-activities.ts';
import { EnvironmentQueries } from './queries.ts';
import { notifyWhenSlow } from './slow-start.ts';
import { LiveEnvironments } from './teardown.ts';
import { endedAgain, expired, notBuilt, ownerClosed, statusOnly } from '../words/environment.ts';
import { SIGNALS } from '../words/views/handlers.ts';
import { environmentExpiresTimer, watchedAgainTimer } from '../words/views/timers.ts';
import { UpgradeRequest } from '../temporal/upgrade.ts';

/** The life of an environment: what is wanted, what exists, and who is notified. One generation is up at a time. */
export class EnvironmentLifecycle {
  /** Why it must end, once that is decided. */
  released: string | undefined;
  private wanted: EnvironmentInput;
  private hints = 0;
  private readonly queries: EnvironmentQueries;
  private readonly environments: LiveEnvironments;
  private readonly failing = new FailingActivities((failing, entry) => this.queries.showFailing(failing, entry));
  private readonly activities: Activities = activitiesFor('environment', this.failing.begin);
  private readonly upgrading = new UpgradeRequest();
  private revived: boolean;

  /** `before` is how an earlier execution left it. */
  constructor({ resume, ...input }: EnvironmentInput, before: EnvironmentSnapshot | undefined) {
    void resume;
    this.wanted = input;
    this.environments = new LiveEnvironments(this.activities, input.task, before?.keys ?? []);
    this.revived = before?.revived ?? false;
    this.released = before?.released;
    const { generation, holder, head } = input;
    const view = (before?.view as EnvironmentView | undefined) ?? { status: 'provisioning', generation, holder, head };
    this.queries = new EnvironmentQueries(view);
    setHandler(releaseSignal, (raw) => this.receiveRelease(raw), { description: SIGNALS.betweenWorkflows });
    setHandler(buildSignal, (raw) => this.receiveBuild(raw), { description: SIGNALS.betweenWorkflows });
    setHandler(hintSignal, (raw) => void (this.hints += Number(Hint.safeParse(raw).success)), {
      description: SIGNALS.hint('environment'),
    });
    setHandler(upgradeSignal, (raw) => this.upgrading.receive(raw), { description: SIGNALS.betweenBuilds });
    setHandler(retryingSignal, (raw) => this.failing.receive(raw), { description: SIGNALS.fromWorkers });
    if (before) this.queries.draw(view);
    inBackground(CancellationScope.current(), () => this.watchRun());
  }

  private get view(): EnvironmentView {
    return this.queries.view;
  }

  /** Whether all reports have been delivered. */
  isIdle = () => this.queries.isDone();

  /** Brings up one generation and watches it until another is wanted, or none. */
  async generation(): Promise<void> {
    const { wanted } = this;
    const up = this.view.status === 'live' && this.view.generation === wanted.generation;
    if (!up && !(await this.bringUp(wanted))) return;

    const ended = await this.live(wanted, this.view.expiresAt);
    if (!ended || this.isSuperseded(wanted)) return;
    if (this.revived) return this.fail(endedAgain({ because: because(ended) }));
    this.rebuild(wanted, ended);
  }

  /** It is gone, for example after a restart of the machine. It is rebuilt once, as the next generation. */
  private rebuild(wanted: EnvironmentInput, ended: EnvironmentReport): void {
    this.revived = true;
    this.wanted = { ...wanted, generation: wanted.generation + 1 };
    this.queries.show({
      status: 'provisioning',
      generation: this.wanted.generation,
      head: wanted.head,
      because: because(ended),
    });
  }

  /** Returns whether it is up and still wanted. */
  private async bringUp(wanted: EnvironmentInput): Promise<boolean> {
    await this.environments.clear(this.interrupt);
    if (this.isSuperseded(wanted)) return false;

    // The run that asked for it knows that it is being built. Only the result is reported.
    this.queries.draw({ status: 'provisioning', generation: wanted.generation, head: wanted.head });
    const report = await this.provision(wanted);
    if (!report || this.isSuperseded(wanted)) return false;
    if (report.is === 'gone' && !this.revived && patched('lost-while-it-is-built')) {
      this.rebuild(wanted, report); // with the worker that built it
      return false;
    }
    if (report.is !== 'live') {
      this.fail(notBuilt({ because: because(report) }));
      return false;
    }

    const { url, expiresAt } = report;
    this.queries.show({
      status: 'live',
      generation: wanted.generation,
      head: wanted.head,
      url,
      ...(expiresAt && { expiresAt }),
    });
    return true;
  }

  /** Removes whatever may be up. Failures are retried without a limit. */
  async tearDown(): Promise<void> {
    const { status } = this.view;
    if (status !== 'failed')
      this.queries.show({ ...this.view, url: undefined, status: 'tearing-down', because: this.released });
    await this.environments.clear(this.interrupt);
    this.queries.show({
      ...this.view,
      url: undefined,
      status: status === 'failed' ? 'failed' : 'gone',
      because: this.released ?? this.view.because,
    });
  }

  private async provision(wanted: EnvironmentInput): Promise<EnvironmentReport | undefined> {
    const key = environmentKeyOf(wanted);
    this.environments.add(key);
    const { change, head, task } = wanted;
    const request = { key, change, head, task };
    const making = { activities: this.activities, key, seconds: wanted.provisionSeconds };
    const inTime = notifyWhenSlow(making, (because) => this.queries.show({ ...this.view, because }));
    try {
      return await this.unlessSuperseded(wanted, () => this.activities.provisionEnvironment(request));
    } finally {
      inTime();
    }
  }

  private async live(wanted: EnvironmentInput, expiresAt: string | undefined): Promise<EnvironmentReport | undefined> {
    const clock = new CancellationScope();
    if (expiresAt) {
      const left = Math.max(1, Date.parse(expiresAt) - Date.now());
      inBackground(clock, () =>
        sleep(left, { summary: environmentExpiresTimer() }).then(() => this.release(expired())),
      );
    }
    try {
      for (;;) {
        const hints = this.hints;
        const ended = await this.unlessSuperseded(
          wanted,
          () =>
            this.watch('environmentEnded', () => this.activities.environmentEnded({ key: environmentKeyOf(wanted) })),
          () => this.hints > hints || this.moves(),
        );
        if (ended || this.isSuperseded(wanted)) return ended;
        if (this.moves()) await this.goOn();
      }
    } finally {
      clock.cancel();
    }
  }

  /** Runs a watch. While it is refused, it is reported as failing. */
  private watch = <T>(activity: keyof Activities, ask: () => Promise<T>): Promise<T> =>
    restarting(ask, (because) => this.failing.refused(activity, because), watchedAgainTimer('environment'));

  /** Works on a generation while it is wanted. Cancelled work is cleaned up by its key, whatever it has reached. */
  private async unlessSuperseded<T>(
    wanted: EnvironmentInput,
    work: () => Promise<T>,
    woken = () => false,
  ): Promise<T | undefined> {
    let over = false;
    const scope = new CancellationScope();
    const working = scope.run(work).finally(() => (over = true));
    working.catch(() => undefined);
    await condition(() => over || this.isSuperseded(wanted) || woken());
    const calledOff = !over;
    if (calledOff) scope.cancel();
    try {
      return await working;
    } catch (failure) {
      if (CancellationScope.current().consideredCancelled) throw failure;
      if (calledOff || isCancellation(failure)) return undefined;
      this.fail(notBuilt({ because: rootCause(failure) ?? 'unknown' }));
      return undefined;
    }
  }

  /** Whether a newer build asks for it and all reports have been delivered. */
  private moves = () => this.upgrading.asked && this.isIdle();

  /** Continues as new. What is up stays up and is watched from there. It never returns. */
  private goOn(): Promise<never> {
    const { view, environments, revived, released, wanted } = this;
    const resume: EnvironmentSnapshot = {
      version: SNAPSHOT_VERSION,
      view,
      keys: [...environments.keys],
      revived,
      released,
    };
    return this.upgrading.goOn({ ...wanted, resume });
  }

  private readonly interrupt = { when: () => this.moves(), then: () => this.goOn() };

  private isSuperseded = (wanted: EnvironmentInput) => this.released !== undefined || this.wanted !== wanted;

  private fail(reason: string): void {
    this.queries.show({ ...this.view, url: undefined, status: 'failed', because: reason });
    this.released ??= reason;
  }

  private release = (reason: string): void => void (this.released ??= reason);

  private receiveRelease(raw: unknown): void {
    const { data } = Release.safeParse(raw);
    if (data && data.holder.runId === this.wanted.holder.runId) this.release(data.because);
  }

  private receiveBuild(raw: unknown): void {
    const { data } = EnvironmentInput.safeParse(raw);
    if (!data || this.released || data.holder.runId !== this.wanted.holder.runId) return;
    // A rebuild may have used the run's next number: every request is a new generation.
    this.wanted = { ...data, generation: Math.max(data.generation, this.wanted.generation + 1) };
    this.revived = false;
  }

  private async watchRun(): Promise<void> {
    const { holder } = this.wanted;
    await this.watch('holderClosed', () => this.activities.holderClosed({ holder }));
    this.release(ownerClosed());
  }
}

const because = (report: EnvironmentReport): string => ('because' in report && report.because) || statusOnly(report);
