import { ApplicationFailure } from '@temporalio/common';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { change, completed, green, HEAD, ready } from './builders.ts';
import { Cluster, type Execution, type World } from './sandbox.ts';

const never = () => new Promise<never>(() => undefined);

/** What each role answers in a world where all goes well. */
export const goodWork = (job: Job): JobReport => {
  switch (job.role) {
    case 'reviewer':
      return completed({ changed: false, summary: 'fine', output: { rating: 0.9, summary: 'fine' } });
    case 'merger':
      return completed({
        changed: false,
        output: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'It is small.' },
      });
    default:
      return completed({ summary: `${job.role} did it`, pullRequest: 1 });
  }
};

/** A world where all goes well, and which is told how it differs. */
export const goodWorld = (over: World = {}): World => ({
  examine: () => ready,
  runJob: goodWork,
  stopJob: () => undefined,
  lookAtChange: ({ known }) => ({ state: 'open', head: known, baseHead: change.basis, foreign: [] }),
  changeMoved: never,
  settledChecks: ({ known }) => green(known),
  settledMergeability: ({ known }) => ({
    is: 'mergeable',
    head: known,
    baseHead: change.basis,
    foreign: [],
    state: 'open',
  }),
  updateFromBase: ({ known }) => ({ is: 'current', head: known, foreign: [] }),
  endChecks: () => undefined,
  commitFiles: ({ known }) => ({ is: 'committed', head: known ?? HEAD, foreign: [], pullRequest: 1 }),
  withinBudget: () => undefined,
  fileIssue: () => ({ is: 'filed', id: 'ISSUE-1', url: 'file:///issues/ISSUE-1.md' }),
  tellIssues: () => undefined,
  releaseSettled: () => ({ signals: [{ id: 'errors', state: 'ok' }] }),
  protectedPaths: () => [],
  merge: ({ head }) => ({ is: 'merged', mergeCommit: 'm'.repeat(40), head }),
  notify: () => undefined,
  keepText: () => 'hash',
  cancelRun: () => undefined,
  startDependents: () => undefined,
  provisionEnvironment: ({ key }) => ({ is: 'live', url: `http://127.0.0.1:4000/${key.split('/').at(-1)}` }),
  environmentEnded: never,
  removeEnvironment: () => undefined,
  holderClosed: never,
  ...over,
});

/** A cluster in which the environment activities ask the environment workflow that really runs beside the run. */
export function clusterWith(over: World = {}): Cluster {
  const cluster: Cluster = new Cluster({
    lookAtEnvironment: ({ workflowId }) => cluster.executions.get(workflowId)?.query('environment'),
    environmentSettled: (question, call) => environmentSettled(cluster, question, () => call.cancelRequested),
    ...goodWorld(over),
  });
  return cluster;
}

/** As the activity does: looks until the environment is no longer being made. Each look is a turn of the world. */
async function environmentSettled(
  cluster: Cluster,
  { workflowId, generation }: { workflowId: string; generation: number },
  moot: () => boolean,
): Promise<unknown> {
  for (let turn = 0; turn < 40 && !moot(); turn += 1) {
    const there = cluster.executions.get(workflowId);
    const view = await there?.query('environment');
    const settled = view && view.generation >= generation && (view.status !== 'provisioning' || view.because);
    if (settled && view.status !== 'tearing-down') return view;
    if (view && there?.closed) return view;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return never();
}

export const startRun = (cluster: Cluster, input: unknown, options = {}): Promise<Execution> =>
  cluster.start('pipelineRun', 'run/default/PAY-142', input, options);

export const refusedForGood = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);
export { HEAD };
