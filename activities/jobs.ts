import { cancellationDetails, Context, sleep } from '@temporalio/activity';
import type { Activities, Job, JobReport, Unavailable } from '../workflows/contracts/activities.ts';
import { boundedForeign } from '../workflows/contracts/run/foreign.ts';
import { agentAwaited } from '../workflows/words/agents.ts';
import { metered, overBudget } from './budget.ts';
import { pullRequestOf } from './changes.ts';
import { lives } from './environments.ts';
import { isBlockedByOwner, notYet } from './failures.ts';
import type { AgentUnavailable, Attempt, Executor, Forge, Ports } from './ports.ts';
import type { Settings } from './settings.ts';
import { reportProgress } from './waiting/heartbeating.ts';
import { wholeJob } from './whole-jobs.ts';

/** A new job is polled often, an old one as often as the configuration says. In milliseconds. */
const FIRST_POLL_MS = 100;
const GROWTH = 1.2;

type Own = Pick<Activities, 'runJob' | 'stopJob' | 'agentAvailable'>;
type Held = Extract<JobReport, { is: 'held' }>;

/** Sends a job and waits for it in one activity, so that a retry adopts the job instead of sending another. */
export const jobActivities = (
  { executor, forge, meter, texts }: Pick<Ports, 'executor' | 'forge' | 'meter' | 'texts'>,
  { lookMs, budgetCents }: Pick<Settings, 'lookMs' | 'budgetCents'>,
): Own => {
  /** Why a job that was never sent does not begin. */
  async function heldBack({ key, role, change }: Job): Promise<Held | undefined> {
    const over = await overBudget(meter, budgetCents);
    if (over) return { is: 'held', by: 'budget', because: over };
    const unavailable = await executor.unavailable({ key, role, change });
    return unavailable && { is: 'held', by: 'agent', ...shownOf(unavailable) };
  }

  return {
    async runJob(job) {
      const by = thisAttempt();
      try {
        const held = (await executor.knows(job.key)) ? undefined : await heldBack(job);
        if (held) return held;
        await executor.ensure(await wholeJob(job, texts), by);
        const report = await ended(executor, job, by, lookMs);
        await metered(meter, job.key, report);
        return report.is === 'completed' ? await withPullRequest(forge, job, report) : report;
      } catch (failure) {
        if (isBlockedByOwner(failure)) {
          if (job.patient) throw notYet(failure.message, lookMs);
          return { is: 'held', by: 'forge', because: failure.message } satisfies Held;
        }
        // Stops the job only if it was cancelled or its run has ended. If only this attempt is over, because its worker was
        // frozen, cut off or shut down, another attempt has the job or will get it.
        const { cancelRequested, notFound } = cancellationDetails() ?? {};
        if (cancelRequested || (notFound && (await runIsOver())))
          await executor.stop(job.key, 'It was called off.', by);
        throw failure;
      }
    },

    async stopJob({ key }) {
      await executor.stop(key, 'It was called off.');
    },

    async agentAvailable({ shown, ...job }) {
      const unavailable = (await executor.knows(job.key)) ? undefined : await executor.unavailable(job);
      if (!unavailable) return null;
      const now = shownOf(unavailable);
      if (now.because !== shown.because || now.until !== shown.until || now.since !== shown.since) return now;
      throw notYet(agentAwaited(unavailable), nextPollMs(unavailable, lookMs));
    },
  };
};

const shownOf = ({ because, until, since }: AgentUnavailable): Unavailable => ({
  because,
  ...(until && { until }),
  ...(since && { since }),
});

/** The longest interval between polls of an agent that is not available, in milliseconds. Hints do not announce it. */
const MOST_POLL_MS = 30_000;

/** Polls at the time of the next try at the latest, so that the try is not late. */
function nextPollMs({ until, tried }: AgentUnavailable, lookMs: number): number {
  const due = until === undefined || tried !== undefined ? Infinity : Date.parse(until) - Date.now();
  return Math.max(Math.min(due, lookMs, MOST_POLL_MS), FIRST_POLL_MS);
}

function thisAttempt(): Attempt {
  const { workflowExecution, activityId, attempt, currentAttemptScheduledTimestampMs } = Context.current().info;
  return { activity: `${workflowExecution!.runId} ${activityId}`, n: attempt, at: currentAttemptScheduledTimestampMs };
}

/** How long an attempt that has ended tries to reach the server, in milliseconds. */
const ASK_MS = 10_000;

/**
 * Whether the run itself has ended. A run that was reset continues as another execution. If the server does not answer,
 * returns false, and a survey finds jobs that are left.
 */
async function runIsOver(): Promise<boolean> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution!;
  try {
    // The attempt's own signal is aborted already, and would abort this call too.
    const asked = async () => {
      const { status, raw } = await client.workflow.getHandle(workflowId, runId).describe();
      if (status.name === 'RUNNING') return false;
      return !(await lives({ workflowId, runId: raw.workflowExecutionInfo?.firstRunId || runId }));
    };
    return await client.withAbortSignal(AbortSignal.timeout(ASK_MS), asked);
  } catch {
    return false;
  }
}

/** Polls until the job has ended, and reports its progress. */
async function ended(executor: Executor, job: Job, by: Attempt, lookMs: number): Promise<JobReport> {
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * GROWTH, lookMs)) {
    const look = await executor.look(job.key, by);
    if (look.is !== 'running') return look;
    reportProgress({
      key: job.key,
      ...look.progress,
      ...(look.lastOutput && { lastOutput: look.lastOutput.slice(0, 500) }),
    });
    await sleep(pause);
  }
}

type Completed = Extract<JobReport, { is: 'completed' }>;

async function withPullRequest(forge: Forge, job: Job, unavailable: Completed): Promise<Completed> {
  const report = { ...unavailable, foreign: boundedForeign(unavailable.foreign) };
  if (job.mode === 'read' || !report.changed || job.change.pullRequest !== undefined) return report;
  return { ...report, pullRequest: await pullRequestOf(forge, job) };
}
