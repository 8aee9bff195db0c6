import { condition, patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { ForeignCommit } from '../contracts/activities.ts';
import { boundedForeign } from '../contracts/foreign.ts';
import type { HintAbout, HumanAction } from '../contracts/messages.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { overBudget } from '../rules/budget.ts';
import { countedAgainst, overtakenBy, type HeadLook } from '../rules/head.ts';
import { activitiesFor } from './proxies.ts';
import { snapshotOf } from './record.ts';
import { Retries } from './retries.ts';
import { Telling } from './telling.ts';
import { Upgrading } from './upgrading.ts';
import { transition } from './windows.ts';

/** The change is over while we waited: somebody merged it by hand, or closed it. It ends the run, through every gate. */
export class ChangeOver extends Error {
  constructor(
    readonly how: 'merged' | 'closed',
    readonly mergeCommit?: string,
    readonly note?: string,
  ) {
    super(`The change was ${how} on the forge.`);
  }
}

/** A run as it lives: its state, which is data, and what wakes it, which is not. */
export class LiveRun {
  /** Hints heard of each kind; whoever waits compares. */
  readonly hints: Record<HintAbout, number> = { checks: 0, change: 0, environment: 0, job: 0 };
  /** What the environment workflow has said so far, in number: a report only makes us look. */
  reports = 0;
  /** How many of them said that an environment has ended: who waits for that a little waits for this. */
  siteEnds = 0;
  /** What a person answered to the gate that asks now. */
  taken: HumanAction | undefined;
  /** Does an action on the spot where nobody has to be waited for, and answers whether it has. */
  onTheSpot: ((action: HumanAction) => boolean) | undefined;
  /** The step from which a person wants the run started over. */
  restart: number | undefined;
  /** Ends the step at work, for `restartFrom`. */
  callOff: () => void = () => undefined;
  /** The log entry of the action whose effect is under way. */
  openEffect: string | undefined;
  /** The step that an earlier execution left parked, until its gate is back there. */
  resumed: StepRecord | undefined;
  /** Whether this execution is being left: what is under way goes on in the next, and nothing is cleared away. */
  leaving = false;
  readonly upgrading = new Upgrading();
  readonly telling: Telling;
  readonly retries = new Retries((failing, entry) => this.telling.showFailing(failing, entry));
  private updateHeardAt = 0;

  /** `input` is what the run was started with: the next execution begins with it too. */
  constructor(
    readonly state: RunState,
    private readonly input: object,
  ) {
    this.resumed = state.steps.find(({ parked }) => parked);
    this.telling = new Telling(state, this.activities);
  }

  /** All activities, for a gate of this kind: what keeps failing of them is shown, and told where it lasts. */
  activities = (kind: string) => activitiesFor(kind, this.retries.begin);

  heardOfSite(report: unknown): void {
    this.reports += 1;
    const { status } = (report ?? {}) as { status?: unknown };
    if (status === 'gone' || status === 'failed') this.siteEnds += 1;
  }

  /** Where nothing new is dispatched while a person holds the run, or while it is over its budget. */
  async safePoint(step: StepRecord, unless = () => false): Promise<void> {
    await condition(() => !this.state.paused || unless());
    if (!overBudget(this.state) || unless()) return;

    const { usage, policy } = this.state;
    const detail = `The run has spent ${usage.costCents} of ${policy.budgetCents} cents`;
    transition(this.state, step, { phase: 'working', waitingOn: 'budget', detail, because: detail });
    await condition(() => !overBudget(this.state) || unless());
  }

  /** Whether a newer build asks for the run, and nothing of it would be lost here: all else is data, or asked again. */
  moves = () => this.upgrading.asked && this.atEase();
  atEase = () => this.telling.allTold() && this.taken === undefined && this.restart === undefined && !this.state.ending;

  /** An update was taken, in this very workflow task. */
  heardUpdate(): void {
    this.updateHeardAt = workflowInfo().historyLength;
  }

  /** Whether what people were answered is on record: an execution does not end in the task in which it took an update. */
  onRecord = () => this.updateHeardAt !== workflowInfo().historyLength || !patched('moves-once-on-record');
  nextTask = () => sleep(1, { summary: 'an answer is recorded before the run continues as new' });

  /** Goes on in a new execution with all that the run knows. It never comes back. */
  goOn(step: StepRecord): Promise<never> {
    this.leaving = true;
    this.settleEffect('done'); // what a person has started over has come as far as it comes
    return this.upgrading.goOn({ ...this.input, resume: snapshotOf(this.state, step.step) });
  }

  /** Notes a new head, who else wrote it, and which verdicts it leaves behind. */
  saw(
    look: HeadLook & {
      state?: 'open' | 'merged' | 'closed' | undefined;
      mergeCommit?: string | undefined;
      note?: string | undefined;
    },
  ): void {
    const { state } = this;
    if (look.head !== undefined && look.head !== state.head) {
      state.head = look.head;
      state.headAt = new Date().toISOString();
    }
    const known = new Set(state.foreign.map(({ commit }) => commit));
    const fresh = (look.foreign ?? []).filter(({ commit }) => !known.has(commit));
    state.foreign = boundedForeign([...state.foreign, ...fresh]);
    this.rejudge(look, fresh);
    if (look.state === 'merged' || look.state === 'closed') {
      throw new ChangeOver(look.state, look.mergeCommit, look.note);
    }
  }

  private rejudge(look: HeadLook, fresh: readonly ForeignCommit[]): void {
    for (const { judged, state } of this.state.steps) {
      if (!judged) continue;
      const before = state === 'done' ? countedAgainst(fresh, judged) : judged.voided;
      const now = overtakenBy(look, judged);
      const differs = (before === undefined) !== (now === undefined);
      const voided = differs && !patched('a-yes-holds-for-descendants') ? before : now;
      if (voided === undefined) delete judged.voided;
      else judged.voided = voided;
    }
  }

  /** Notes the change's pull request, and tells the issues of it the first time. */
  opened(step: StepRecord, pullRequest: number | undefined): void {
    const { change } = this.state;
    if (pullRequest === undefined || change.pullRequest === pullRequest) return;
    this.state.change = { ...change, pullRequest };
    const text = `Pull request ${pullRequest} was opened: ${change.branch} into ${change.base}.`;
    this.telling.tellIssues(step, `opened-${pullRequest}`, text);
  }

  /** Closes the log's entry of the action whose effect was under way. */
  settleEffect(effect: 'done' | 'failed'): void {
    const entry = this.state.actions.findLast(
      ({ actionId, verdict }) => actionId === this.openEffect && verdict === 'taken',
    );
    if (entry) entry.effect ??= effect;
    if (effect === 'done') this.openEffect = undefined;
  }
}
