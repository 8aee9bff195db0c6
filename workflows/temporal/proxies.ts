import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import { START_TRIES } from '../contracts/pipeline-run.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { summaryOf } from '../rules/summaries.ts';

/** Bad weather is tried again for as long as it lasts; what the world refuses for good says so itself. */
const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** Every activity heartbeats, so that the next worker takes over soon after one was killed. */
const heartbeatTimeout = '10 seconds';

/**
 * What changes the world is waited for also when it is called off, so that what it leaves behind is heard of. The SDK
 * calls this its default, but gives up at once unless told.
 */
const changing: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout,
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry,
};

/**
 * Works for as long as the executor's and the provider's own limits allow. By the thousand, their beats would keep the server
 * busy: so it waits longer for one, and who takes over from a killed worker comes a little later to what goes on meanwhile.
 */
const lasting = { startToCloseTimeout: '60 days', heartbeatTimeout: '30 seconds' } as const;

/** Looks once, and throws while it cannot tell: the retry is the next look, and costs the history nothing. */
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
  cancelRun: changing,
  startDependents: { ...changing, retry: { ...retry, maximumAttempts: START_TRIES } },
  survey: { ...reading, retry: { ...retry, maximumAttempts: 3 } },
  clearLeftover: { ...changing, startToCloseTimeout: '3 minutes', retry: { ...retry, maximumAttempts: 2 } },
  retellNotices: { ...changing, startToCloseTimeout: '3 minutes', retry: { ...retry, maximumAttempts: 2 } },
};

/**
 * The look with which a step begins, done by the very worker that takes the run on: it costs neither a round trip nor a
 * task. It is tried once; in bad weather the run asks as it asks for everything.
 */
export const { lookAtChange: inspectLocally } = proxyLocalActivities<Pick<Activities, 'lookAtChange'>>({
  startToCloseTimeout: '5 seconds',
  cancellationType: 'TRY_CANCEL',
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

/** Notes that an activity has been asked for, and what about; what it answers is called at the activity's end. */
type Begin = (activity: string, about: string) => () => void;

/** All activities, each told in the Web UI with the gate that asks. */
export const activitiesFor = (kind: string, begin: Begin = () => () => undefined): Activities =>
  Object.fromEntries(
    (Object.keys(proxies) as (keyof Activities)[]).map((name): [string, Ask] => [
      name,
      async (...question) => {
        const summary = summaryOf(kind, name, question);
        const ended = begin(name, summary);
        try {
          const answer: unknown = await proxies[name].executeWithOptions({ summary }, question as never);
          if (isUnreadable(answer))
            throw new Error(`The answer of ${name} cannot be decoded: does this worker lack a codec?`);
          return answer;
        } finally {
          ended();
        }
      },
    ]),
  ) as unknown as Activities;
