import { CancellationScope, condition, patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { ForeignCommit } from '../contracts/activities.ts';
import { boundedForeign } from '../contracts/foreign.ts';
import type { HintAbout, HumanAction } from '../contracts/messages.ts';
import type { Notice, NoticeType } from '../contracts/notices.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { NOTICE_AFTER, type Retrying } from '../contracts/retrying.ts';
import { overBudget } from '../rules/budget.ts';
import { retryingText } from '../rules/describe.ts';
import { countedAgainst, overtakenBy, type HeadLook } from '../rules/head.ts';
import { issuesOf } from '../rules/outputs.ts';
import { activitiesFor } from './proxies.ts';
import { snapshotOf } from './record.ts';
import { Retries } from './retries.ts';
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
  readonly retries = new Retries((failing, entry) => this.showFailing(failing, entry));
  private telling = 0;
  private updateHeardAt = 0;

  /** `input` is what the run was started with: the next execution begins with it too. */
  constructor(
    readonly state: RunState,
    private readonly input: object,
  ) {
    this.resumed = state.steps.find(({ parked }) => parked);
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
  atEase = () => this.allTold() && this.taken === undefined && this.restart === undefined && !this.state.ending;

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
    this.tellIssues(step, `opened-${pullRequest}`, text);
  }

  /** Tells people, once per type and wait; delivery is tried for as long as it takes, and never holds the run. */
  notify(step: StepRecord, type: NoticeType, text: string, visit?: string): void {
    const { notices, steps } = this.state;
    const id = visit ? `${visit}/${type}` : `${step.id}/${type}-${nextNumber(notices, type)}`;
    const told = notices.find((notice) => notice.id === id);
    // Asked again at the same visit: nobody is told twice, but the wait counts again.
    if (told?.clearedAt && patched('asked-again-is-open-again')) delete told.clearedAt;
    if (told || !steps.includes(step)) return;
    const at = new Date().toISOString();
    const notice: Notice = { id, type, severity: 'normal', at, text: text.slice(0, 2_000), ...(visit && { visit }) };
    notices.push(notice);
    this.deliver(step, notice);
  }

  /** Nobody has come: the notice becomes urgent, once. */
  escalate(step: StepRecord, id: string): void {
    const notice = this.state.notices.find((each) => each.id === id && each.severity === 'normal' && !each.clearedAt);
    if (!notice) return;
    notice.severity = 'urgent';
    this.deliver(step, notice);
  }

  clear(visit: string): void {
    for (const notice of this.state.notices) {
      if (notice.visit === visit) notice.clearedAt ??= new Date().toISOString();
    }
  }

  /** Closes the log's entry of the action whose effect was under way. */
  settleEffect(effect: 'done' | 'failed'): void {
    const entry = this.state.actions.findLast(
      ({ actionId, verdict }) => actionId === this.openEffect && verdict === 'taken',
    );
    if (entry) entry.effect ??= effect;
    if (effect === 'done') this.openEffect = undefined;
  }

  /** A notice tells what has failed often, once per wait, and is over once nothing fails any more. */
  private showFailing(failing: readonly Retrying[], entry: Retrying): void {
    const { state } = this;
    state.retrying = failing.length > 0 ? [...failing] : undefined;
    if (failing.length === 0) {
      for (const notice of state.notices) {
        if (notice.type === 'keeps_failing') notice.clearedAt ??= new Date().toISOString();
      }
    }
    const step = state.steps.find(({ id }) => id === state.current?.id) ?? state.steps[0];
    if (!step || entry.failures < NOTICE_AFTER || entry.activity === 'notify') return;
    this.notify(step, 'keeps_failing', retryingText(entry), state.current?.visit ?? `${step.id}/${state.wait.since}`);
  }

  /** Whether everything that was to be told has been told. */
  allTold = () => this.telling === 0;

  /** Tells the tracker's issues what became of the change. Nobody waits for it but the end, and that a little. */
  tellIssues(step: StepRecord, about: string, text: string, resolve = false): void {
    if (!patched('issues-are-told')) return; // runs that began before there was a tracker
    const { workflowId, input, change } = this.state;
    const question = { workspace: input.workspace, repository: change.repository, issues: issuesOf(this.state) };
    this.beside(() =>
      this.activities(step.kind).tellIssues({ key: `${workflowId}/${about}`, ...question, text, resolve }),
    );
  }

  private deliver(step: StepRecord, notice: Notice): void {
    const { workflowId, input } = this.state;
    const message = { workflowId, task: brief(input.task), notice: { ...notice } };
    this.beside(() => this.activities(step.kind).notify(message));
  }

  /** What is told beside the run's work: it fails nobody, and is not called off with what it tells of. */
  private beside(tell: () => Promise<void>): void {
    this.telling += 1;
    void CancellationScope.nonCancellable(tell)
      .catch(() => undefined)
      .finally(() => (this.telling -= 1));
  }
}

/** No number is given twice, also where old notices are not kept any more. */
function nextNumber(notices: readonly Notice[], type: NoticeType): number {
  const numbers = notices.flatMap(({ id, type: its }) => (its === type ? [Number(/-(\d+)$/.exec(id)?.[1] ?? 0)] : []));
  return 1 + Math.max(numbers.length, ...numbers);
}

/** A task without what only its own run needs: descriptions are long, and dependents are whole inputs. */
export const brief = ({ dependents, ...task }: RunState['input']['task']) => {
  void dependents;
  return task;
};
