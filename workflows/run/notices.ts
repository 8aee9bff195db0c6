import { log, patched } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import type { Text } from '../contracts/facts.ts';
import type { Notice, NoticeType } from '../contracts/notices.ts';
import { NOTICE_AFTER, type Retrying } from '../contracts/run/retrying.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';
import { whatOf } from '../rules/describe.ts';
import { brief } from '../rules/outputs.ts';
import type { Notices } from '../step/scope.ts';
import { publish } from '../step/transition.ts';
import { inWords } from '../words/index.ts';
import { noticeRefusedLog, retrying } from '../words/run.ts';
import type { Deliveries } from './deliveries.ts';

/** The notices of a run: recorded in its state, and sent to people. */
export class RunNotices implements Notices {
  constructor(
    private readonly state: RunState,
    private readonly activities: (kind: string) => Activities,
    private readonly deliveries: Deliveries,
  ) {}

  notify(step: StepRecord, type: NoticeType, text: Text, visit?: string): void {
    const { notices, steps } = this.state;
    const id = visit ? `${visit}/${type}` : `${step.id}/${type}-${nextNumber(notices, type)}`;
    const sent = notices.find((notice) => notice.id === id);
    // The same visit asks again: the notice is not sent twice, but it is open again.
    if (sent?.clearedAt && patched('asked-again-is-open-again')) delete sent.clearedAt;
    if (sent || !steps.includes(step)) return;
    const at = new Date().toISOString();
    const short = inWords(text).slice(0, 2_000);
    const notice: Notice = { id, type, severity: 'normal', at, text: short, ...(visit && { visit }) };
    notices.push(notice);
    this.deliver(step, notice);
  }

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

  /** Shows what keeps failing. Sends one notice per wait about it, and clears that once nothing fails any more. */
  showFailing(failing: readonly Retrying[], entry: Retrying): void {
    const { state } = this;
    const before = whatOf(state);
    state.retrying = failing.length > 0 ? [...failing] : undefined;
    if (whatOf(state) !== before && state.current && !state.ending) publish(state);
    if (failing.length === 0) {
      for (const notice of state.notices) {
        if (notice.type === 'keeps_failing') notice.clearedAt ??= new Date().toISOString();
      }
    }
    const step = state.steps.find(({ id }) => id === state.current?.id) ?? state.steps[0];
    if (!step || entry.failures < NOTICE_AFTER || entry.activity === 'notify') return;
    this.notify(step, 'keeps_failing', retrying(entry), state.current?.visit ?? `${step.id}/${state.wait.since}`);
  }

  private deliver(step: StepRecord, notice: Notice): void {
    const { workflowId, input } = this.state;
    const message = { workflowId, task: brief(input.task), notice: { ...notice } };
    this.deliveries.begin(
      () => this.activities(step.kind).notify(message),
      (because) => log.error(noticeRefusedLog(), { notice: notice.id, because }),
    );
  }
}

/** No number is used twice, even after old notices were dropped. */
function nextNumber(notices: readonly Notice[], type: NoticeType): number {
  const numbers = notices.flatMap(({ id, type: its }) => (its === type ? [Number(/-(\d+)$/.exec(id)?.[1] ?? 0)] : []));
  return 1 + Math.max(numbers.length, ...numbers);
}
