import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import { START_TRIES } from '../contracts/pipeline-run.ts';
import type { Along } from '../contracts/run/row.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { undecodable } from '../words/input.ts';
import { summaryOf } from '../words/views/summaries.ts';
import { Whereabouts } from './elsewhere.ts';

/** Transient failures are retried without a limit. Final refusals are thrown as non-retryable failures. */
const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** Every activity heartbeats, so that another worker takes over soon after one was killed. */
const heartbeatTimeout = '10 seconds';

/**
 * Activities that change the world. A cancelled one is awaited, so that the run learns what it has left behind. The SDK
 * documents this cancellation type as its default, but applies it only when it is set.
 */
const changing: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry,
};

/**
 * Activities that may take as long as the executor or provider allows. They heartbeat less often, because thousands of them
 * would keep the server busy. After a worker was killed, another one takes them over a little later.
 */
const lasting = { startToCloseTimeout: '60 days', heartbeatTimeout: '30 seconds' } as const;

/** Polls. An activity throws while there is no answer, and its retry is the next poll, which adds nothing to the history. */
const reading: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout,
  cancellationType: 'TRY_CANCEL',
  retry,
};

const CLASSES: Record<keyof Activities, ActivityOptions> = {
  readClosed: reading,
  examine: reading,
  runJob: { ...reading, ...lasting },
  stopJob: changing,
  lookAtChange: reading,
  changeMoved: reading,
  settledChecks: reading,
  endChecks: { ...changing, retry: { ...retry, maximumAttempts: 3 } },
  settledMergeability: reading,
  settledMergeResult: reading,
  updateFromBase: changing,
  commitFiles: changing,
  withinBudget: reading,
  agentAvailable: reading,
  fileIssue: { ...changing, retry: { ...retry, maximumAttempts: 5 } },
  tellIssues: { ...changing, retry: { ...retry, maximumAttempts: 5 } },
  releaseSettled: reading,
  protectedPaths: reading,
  merge: changing,
  environmentSettled: reading,
  lookAtEnvironment: reading,
  provisionEnvironment: { ...changing, ...lasting },
  probeEnvironment: { ...reading, scheduleToCloseTimeout: '30 seconds' },
  environmentEnded: reading,
  removeEnvironment: { ...changing, retry: { ...retry, maximumAttempts: 8 } },
  holderClosed: reading,
  notify: changing,
  keepText: changing,
  loadText: reading,
  noteRun: changing,
  cancelRun: changing,
  startDependents: { ...changing, retry: { ...retry, maximumAttempts: START_TRIES } },
  survey: { ...reading, retry: { ...retry, maximumAttempts: 3 } },
  clearLeftover: { ...changing, startToCloseTimeout: '3 minutes', retry: { ...retry, maximumAttempts: 2 } },
  lostRuns: { ...reading, retry: { ...retry, maximumAttempts: 3 } },
  recoverRuns: changing,
  readDiff: { ...reading, scheduleToCloseTimeout: '60 seconds', retry: { ...retry, maximumAttempts: 3 } },
  readLog: { ...reading, scheduleToCloseTimeout: '15 seconds', retry: { ...retry, maximumAttempts: 2 } },
  retellNotices: { ...changing, startToCloseTimeout: '3 minutes', retry: { ...retry, maximumAttempts: 2 } },
};

/**
 * The inspection with which a step begins, as a local activity: it costs neither a round trip nor a workflow task. It has
 * one attempt. If that fails, the run calls the activity as usual.
 */
export const { lookAtChange: inspectLocally } = proxyLocalActivities<{
  lookAtChange(...question: [...Parameters<Activities['lookAtChange']>, Along]): ReturnType<Activities['lookAtChange']>;
}>({
  startToCloseTimeout: '5 seconds',
  cancellationType: 'TRY_CANCEL',
  retry: { maximumAttempts: 1 },
});

/** A report of a run that no other activity carries. Its input is in no history, so it may be large. */
export const { noteRun: noteLocally } = proxyLocalActivities<Pick<Activities, 'noteRun'>>({
  startToCloseTimeout: '10 seconds',
  retry: { maximumAttempts: 1 },
});

type Asked = ReturnType<typeof proxyActivities<Activities>>[keyof Activities];
type Ask = (...question: unknown[]) => Promise<unknown>;

const proxies = Object.fromEntries(
  Object.entries(CLASSES).map(([name, options]) => [
    name,
    (proxyActivities<Activities>(options) as unknown as Record<string, Asked>)[name]!,
  ]),
) as Record<keyof Activities, Asked>;

/** Records that an activity was called, and what for. The returned function is called when it ends. */
type Begin = (activity: string, about: string) => () => void;

/**
 * All activities, with summaries for the Web UI that name the calling gate. `along`: what a call carries besides its question,
 * as a second argument, which is encrypted like the first. A header would not be. `whereabouts`: which worker holds what the
 * calls are about.
 */
export const activitiesFor = (
  kind: string,
  begin: Begin = () => () => undefined,
  along: () => Along | undefined = () => undefined,
  whereabouts = new Whereabouts(),
): Activities =>
  Object.fromEntries(
    (Object.keys(proxies) as (keyof Activities)[]).map((name): [string, Ask] => [
      name,
      async (...question) => {
        const summary = summaryOf(kind, name, question);
        const ended = begin(name, summary);
        try {
          const more = along();
          const said = more ? [question[0] ?? null, more] : question;
          const ask = (options: ActivityOptions) =>
            proxies[name].executeWithOptions({ ...options, summary }, said as never) as Promise<unknown>;
          const answer = await whereabouts.ask(name, question[0], ask);
          if (isUnreadable(answer)) throw new Error(undecodable({ what: `The answer of ${name}` }));
          return answer;
        } finally {
          ended();
        }
      },
    ]),
  ) as unknown as Activities;
