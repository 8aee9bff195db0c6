import { ActivityFailure, CancellationScope, isCancellation, patched, rootCause } from '@temporalio/workflow';
import type { Job, JobReport } from '../contracts/activities.ts';
import type { AttemptEntry } from '../contracts/reading.ts';
import type { GateView, RunState } from '../contracts/run/state.ts';
import type { JobEnd, Work } from '../gates/gate.ts';
import { addUsage, noUsage } from '../rules/budget.ts';
import { bytesOf } from '../rules/bytes.ts';
import { brief, descriptionOf, priorOutputs } from '../rules/outputs.ts';
import { untilTrusted } from './people/forks.ts';
import type { StepScope } from './scope.ts';
import { carriedBrief } from './keeping.ts';
import { pollUntilAnswered } from './polls.ts';
import { agentAtWork, agentStopped, changesDiscarded, failedWithoutReason } from '../words/agents.ts';
import { inWords } from '../words/index.ts';
import { transition } from './transition.ts';
import { AgentWait, showOtherWaits } from './agents/waiting.ts';

/** How many more jobs follow an eviction: one, or five where the infrastructure reports that it was at fault. */
const RECOVERIES = { crash: 1, infrastructure: 5 };

/** The size limits of a job's message and of the brief in it, in bytes. The server refuses messages of 2 MB. */
const JOB_BYTES = 1_000_000;
const BRIEF_BYTES = 400_000;

type WordedWork = Work & { brief: string };
type Report = Exclude<JobReport, { is: 'held' }>;

/**
 * Runs a job of this role and waits for it. After an eviction or an interruption another job starts under a new key.
 * Everything else is for the gate to judge.
 */
export async function send(scope: StepScope, role: string, work: Work, view: Partial<GateView> = {}): Promise<JobEnd> {
  const recoveries = { ...RECOVERIES };
  const asked = { ...work, ...(await carriedBrief(scope, inWords(work.brief), BRIEF_BYTES)) };
  const agent = new AgentWait(scope, role);
  try {
    for (;;) {
      await scope.run.budget.wait(scope.step);
      await untilTrusted(scope);
      const report = await dispatch(scope, role, asked, view, agent);
      switch (report.is) {
        case 'completed':
        case 'failed':
          return report;
        case 'interrupted':
          continue;
        case 'notNow':
          agent.begin(report);
          continue;
        case 'stopped':
          return { is: 'failed', because: agentStopped({ role, because: report.because }) };
        case 'evicted': {
          const kind = report.infrastructure ? 'infrastructure' : 'crash';
          recoveries[kind] -= 1;
          if (recoveries[kind] < 0) return { is: 'failed', because: report.because, evicted: true };
        }
      }
    }
  } finally {
    agent.end();
  }
}

/** Runs one job under its own key, and records its attempt. */
async function dispatch(
  scope: StepScope,
  role: string,
  work: WordedWork,
  view: Partial<GateView>,
  agent: AgentWait,
): Promise<Report> {
  const { run, step, activities } = scope;
  const { state } = run;
  const k = (step.jobs[role] ?? 0) + 1;
  step.jobs[role] = k;
  const key = `${state.workflowId}/${state.firstRunId.slice(-12)}/${step.id}/${role}-${k}`;
  const attempt: AttemptEntry = { n: (step.attempts.at(-1)?.n ?? 0) + 1, role, key, at: new Date().toISOString() };
  step.attempts.push(attempt);

  const own = role === step.kind;
  const shown: GateView = {
    phase: own ? 'working' : 'helping',
    waitingOn: 'agent',
    detail: agentAtWork({ role, job: k }),
    ...(own && { attempt: attempt.n }),
    deadline: deadlineOf(state),
    ...view,
  };
  transition(state, step, shown);
  try {
    const report = await whenFree(scope, shown, jobOf(scope, key, role, work), agent);
    settle(scope, attempt, report);
    showOtherWaits(scope);
    return report;
  } catch (failure) {
    if (failure instanceof ActivityFailure && !isCancellation(failure) && patched('a-refused-job-has-failed')) {
      const refused: Report = { is: 'failed', because: rootCause(failure) ?? failure.message };
      settle(scope, attempt, refused);
      return refused;
    }
    // The run was cancelled. Stop the job explicitly: between two attempts of the activity nobody receives the cancellation.
    attempt.outcome ??= run.restart === undefined ? 'stopped' : 'superseded';
    attempt.endedAt ??= new Date().toISOString();
    if (isCancellation(failure)) await CancellationScope.nonCancellable(() => activities.stopJob({ key }));
    throw failure;
  }
}

/**
 * Runs the job once nothing blocks it: uncommitted work of the repository's owner blocks its push, and this month's budget
 * or an unavailable agent block its start.
 */
async function whenFree(
  { run, step, activities }: StepScope,
  shown: GateView,
  job: Job,
  agent: AgentWait,
): Promise<Report> {
  for (let waits = false; ;) {
    if (agent.isDue) {
      await agent.wait(job, shown);
      await run.budget.wait(step);
      transition(run.state, step, { ...shown, deadline: deadlineOf(run.state) });
    }
    const report = await activities.runJob(waits ? { ...job, patient: true } : job);
    if (report.is !== 'held') return report;
    if (report.by === 'agent') {
      agent.begin(report);
      continue;
    }
    transition(run.state, step, { ...shown, waitingOn: report.by, detail: report.because, because: report.because });
    waits = report.by === 'forge';
    if (waits) continue;
    await pollUntilAnswered(
      () => run.mailbox.hints.job,
      () => activities.withinBudget(),
    );
    await run.budget.wait(step);
    transition(run.state, step, shown);
  }
}

const deadlineOf = ({ policy }: RunState): string => new Date(Date.now() + policy.jobSeconds * 1_000).toISOString();

function jobOf({ run, step }: StepScope, key: string, role: string, work: WordedWork): Job {
  const { state } = run;
  const { policy, pipeline, change, head } = state;
  const helper = role !== step.kind;
  const live = state.environment?.status === 'live' ? state.environment : undefined;
  const job: Job = {
    key,
    role,
    task: taskOf(state),
    change: { ...change, ...(head && { head }) },
    priorOutputs: [],
    ...(live?.url && { environment: { url: live.url, ...(live.head && { head: live.head }) } }),
    seconds: policy.jobSeconds,
    silenceSeconds: policy.jobSilenceSeconds,
    pipeline: pipeline.name,
    ...work,
  };
  const room = JOB_BYTES - bytesOf(job);
  return { ...job, priorOutputs: priorOutputs(state.steps, step, helper ? work.brief : undefined, room) };
}

/** The task as agents receive it: with the description that a review has worked out, and the estimate. */
function taskOf(state: RunState): Job['task'] {
  const task = brief(state.input.task);
  const description = descriptionOf(state);
  return { ...task, ...(description && { description }), ...(state.estimate && { estimate: state.estimate }) };
}

/** Records how a job ended: on its attempt, in the usage, and in the head. */
function settle({ run, step }: StepScope, attempt: AttemptEntry, report: Report): void {
  const { state } = run;
  attempt.endedAt = new Date().toISOString();
  attempt.outcome = report.is === 'notNow' ? 'interrupted' : report.is;
  attempt.summary = ('summary' in report ? report.summary : report.because || failedWithoutReason()).slice(0, 500);
  if (report.is === 'completed' || report.is === 'failed' || (report.is === 'notNow' && report.usage)) {
    step.usage = addUsage(step.usage ?? noUsage(), report.usage);
    state.usage = addUsage(state.usage, report.usage);
  }
  if (report.is !== 'completed') return;

  if (report.head) attempt.head = report.head;
  run.tracker.opened(step, report.pullRequest);
  if (report.discarded?.length) {
    const discarded = changesDiscarded({ role: attempt.role, files: report.discarded });
    run.notices.notify(step, 'changes_discarded', discarded);
  }
  run.saw(report);
}
