import { ActivityFailure, CancellationScope, log, patched, rootCause } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import type { Notice, NoticeType } from '../contracts/notices.ts';
import { NOTICE_AFTER, type Retrying } from '../contracts/retrying.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { retryingText } from '../rules/describe.ts';
import { brief, issuesOf } from '../rules/outputs.ts';

/** What people and the tracker's issues are told of a run, beside its work. */
export class Telling {
  private underway = 0;

  constructor(
    private readonly state: RunState,
    private readonly activities: (kind: string) => Activities,
  ) {}

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

  /** A notice tells what has failed often, once per wait, and is over once nothing fails any more. */
  showFailing(failing: readonly Retrying[], entry: Retrying): void {
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
  allTold = () => this.underway === 0;

  /** Tells the tracker's issues what became of the change. Nobody waits for it but the end, and that a little. */
  tellIssues(step: StepRecord, about: string, text: string, resolve = false): void {
    if (!patched('issues-are-told')) return; // runs that began before there was a tracker
    const { workflowId, input, change } = this.state;
    const question = { workspace: input.workspace, repository: change.repository, issues: issuesOf(this.state) };
    this.beside(
      () => this.activities(step.kind).tellIssues({ key: `${workflowId}/${about}`, ...question, text, resolve }),
      (because) => this.notify(step, 'keeps_failing', `The task’s issues could not be told "${text}": ${because}`),
    );
  }

  private deliver(step: StepRecord, notice: Notice): void {
    const { workflowId, input } = this.state;
    const message = { workflowId, task: brief(input.task), notice: { ...notice } };
    this.beside(
      () => this.activities(step.kind).notify(message),
      (because) => log.error('A notice was refused', { notice: notice.id, because }),
    );
  }

  /**
   * What is told beside the run's work: it fails nobody, and is not called off with what it tells of. `refused` says so
   * where it cannot be told.
   */
  private beside(tell: () => Promise<void>, refused: (because: string) => void): void {
    this.underway += 1;
    void CancellationScope.nonCancellable(tell)
      .catch((failure: unknown) => {
        if (!(failure instanceof ActivityFailure)) throw failure;
        if (patched('what-is-refused-is-told')) refused(rootCause(failure) ?? failure.message);
      })
      .finally(() => (this.underway -= 1));
  }
}

/** No number is given twice, also where old notices are not kept any more. */
function nextNumber(notices: readonly Notice[], type: NoticeType): number {
  const numbers = notices.flatMap(({ id, type: its }) => (its === type ? [Number(/-(\d+)$/.exec(id)?.[1] ?? 0)] : []));
  return 1 + Math.max(numbers.length, ...numbers);
}
