import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Job, JobReport } from '../contracts/activities.ts';
import type { AttemptEntry } from '../contracts/reading.ts';
import type { GateView } from '../contracts/state.ts';
import type { GateContext, JobEnd } from '../gates/gate.ts';
import { addUsage, noUsage } from '../rules/budget.ts';
import { priorOutputs } from '../rules/outputs.ts';
import type { Desk } from './desk.ts';
import { brief } from './run.ts';
import { transition } from './windows.ts';

/** How many more jobs an eviction is worth: one, and five where the infrastructure itself says it was to blame. */
const RECOVERIES = { crash: 1, infrastructure: 5 };

type Work = Parameters<GateContext['send']>[1];

/**
 * Sends a role out and waits for it. An eviction is worth another job under a new key, an interruption always; all
 * else is the gate's to judge. Whether the sender is an agent's own step or a gate with a helper changes nothing here.
 */
export async function send(desk: Desk, role: string, work: Work, view: Partial<GateView> = {}): Promise<JobEnd> {
  const recoveries = { ...RECOVERIES };
  for (;;) {
    await desk.live.safePoint(desk.step);
    const report = await dispatch(desk, role, work, view);
    switch (report.is) {
      case 'completed':
      case 'failed':
        return report;
      case 'interrupted':
        continue;
      case 'stopped':
        return { is: 'failed', because: `The ${role} was stopped: ${report.because}` };
      case 'evicted': {
        const kind = report.infrastructure ? 'infrastructure' : 'crash';
        recoveries[kind] -= 1;
        if (recoveries[kind] < 0) return { is: 'failed', because: report.because, evicted: true };
      }
    }
  }
}

/** One job under a key of its own, from its record to its report. */
async function dispatch(
  desk: Desk,
  role: string,
  work: Work,
  view: Partial<GateView>,
): Promise<Exclude<JobReport, { is: 'held' }>> {
  const { live, step, activities } = desk;
  const { state } = live;
  const k = (step.jobs[role] ?? 0) + 1;
  step.jobs[role] = k;
  const key = `${state.workflowId}/${state.firstRunId.slice(-12)}/${step.id}/${role}-${k}`;
  const attempt: AttemptEntry = { n: step.attempts.length + 1, role, key, at: new Date().toISOString() };
  step.attempts.push(attempt);

  const own = role === step.kind;
  const shown: GateView = {
    phase: own ? 'working' : 'helping',
    waitingOn: 'agent',
    detail: `${role} is at work (${role}-${k})`,
    ...(own && { attempt: attempt.n }),
    ...view,
  };
  transition(state, step, shown);
  try {
    const report = await free(desk, shown, jobOf(desk, key, role, work), activities.runJob);
    settle(desk, attempt, report);
    return report;
  } catch (failure) {
    // Only a run that is called off comes here. What the job still answers changes nothing, and it is ended for certain:
    // the activity may have been between two attempts, where nobody hears of a cancellation.
    attempt.outcome ??= live.restart === undefined ? 'stopped' : 'superseded';
    attempt.endedAt ??= new Date().toISOString();
    if (isCancellation(failure)) await CancellationScope.nonCancellable(() => activities.stopJob({ key }));
    throw failure;
  }
}

/** While the result cannot be pushed because something of its owner's is in the way, the run waits for the forge. */
async function free(desk: Desk, shown: GateView, job: Job, runJob: (job: Job) => Promise<JobReport>) {
  const { live, step } = desk;
  for (;;) {
    const report = await runJob(job);
    if (report.is !== 'held') return report;
    transition(live.state, step, { ...shown, waitingOn: 'forge', detail: report.because, because: report.because });
    const freed = await runJob({ ...job, patient: true });
    if (freed.is !== 'held') return freed;
  }
}

function jobOf({ live, step }: Desk, key: string, role: string, work: Work): Job {
  const { state } = live;
  const { policy, pipeline, change, head } = state;
  const helper = role !== step.kind;
  const site = state.environment?.status === 'live' ? state.environment : undefined;
  return {
    key,
    role,
    task: brief(state.input.task),
    change: { ...change, ...(head && { head }) },
    priorOutputs: priorOutputs(state.steps, step, helper ? work.brief : undefined),
    ...(site?.url && { environment: { url: site.url, ...(site.head && { head: site.head }) } }),
    seconds: policy.jobSeconds,
    silenceSeconds: policy.jobSilenceSeconds,
    pipeline: pipeline.name,
    ...work,
  };
}

/** Notes how a job ended: on its attempt, in the usage, and what it did to the head. */
function settle({ live, step }: Desk, attempt: AttemptEntry, report: Exclude<JobReport, { is: 'held' }>): void {
  const { state } = live;
  attempt.endedAt = new Date().toISOString();
  attempt.outcome = report.is;
  attempt.summary = ('summary' in report ? report.summary : report.because).slice(0, 500);
  if (report.is === 'completed' || report.is === 'failed') {
    step.usage = addUsage(step.usage ?? noUsage(), report.usage);
    state.usage = addUsage(state.usage, report.usage);
  }
  if (report.is !== 'completed') return;

  if (report.head) attempt.head = report.head;
  if (report.pullRequest !== undefined) state.change = { ...state.change, pullRequest: report.pullRequest };
  if (report.discarded?.length) {
    const files = report.discarded.slice(0, 10).join(', ');
    live.notify(step, 'changes_discarded', `${attempt.role} only reads; what it changed was thrown away: ${files}.`);
  }
  live.saw(report);
}
