import { ApplicationFailure } from '@temporalio/common';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { GOOD_OUTPUTS, never, environmentSettled } from '../../client/offline/world.ts';
import { change, completed, green, HEAD, ready } from './builders.ts';
import { readClosed } from '../../activities/closed-runs.ts';
import { clientOf } from './sandbox-client.ts';
import { Cluster, type Execution, type World } from './sandbox.ts';

/** Each role's report in a world where all goes well. */
export const goodWork = ({ role }: Job): JobReport => {
  const output = GOOD_OUTPUTS[role];
  return output === undefined
    ? completed({ summary: `${role} did it`, pullRequest: 1 })
    : completed({ changed: false, summary: 'fine', output });
};

/** A world where all goes well, except for the activities in `over`. */
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
  settledMergeResult: () => ({
    is: 'checked',
    commit: 'm'.repeat(40),
    checks: [{ name: 'all', conclusion: 'success' }],
  }),
  updateFromBase: ({ known }) => ({ is: 'current', head: known, foreign: [] }),
  endChecks: () => undefined,
  commitFiles: ({ known }) => ({ is: 'committed', head: known ?? HEAD, foreign: [], pullRequest: 1 }),
  withinBudget: () => undefined,
  agentAvailable: () => null,
  fileIssue: () => ({ is: 'filed', id: 'ISSUE-1', url: 'file:///issues/ISSUE-1.md' }),
  tellIssues: () => undefined,
  releaseSettled: () => ({ signals: [{ id: 'errors', state: 'ok' }] }),
  protectedPaths: () => [],
  merge: ({ head }) => ({ is: 'merged', mergeCommit: 'm'.repeat(40), head }),
  notify: () => undefined,
  keepText: () => 'hash',
  loadText: () => null,
  noteRun: () => undefined,
  cancelRun: () => undefined,
  startDependents: () => undefined,
  provisionEnvironment: ({ key }) => ({ is: 'live', url: `http://127.0.0.1:4000/${key.split('/').at(-1)}` }),
  probeEnvironment: () => ({ is: 'provisioning', because: 'It does not answer yet.' }),
  environmentEnded: never,
  removeEnvironment: () => undefined,
  holderClosed: never,
  ...over,
});

/** A cluster whose environment activities ask the environment workflow that runs along with the run. */
export function clusterWith(over: World = {}): Cluster {
  const cluster: Cluster = new Cluster({
    readClosed: ({ runId }, { workflowId }) =>
      readClosed({
        client: clientOf(cluster),
        again: { workflowId, runId: cluster.executions.get(workflowId)!.runId },
        runId,
        texts: { keep: async () => 'hash' },
        attempt: 1,
      }),
    lookAtEnvironment: ({ workflowId }) => cluster.executions.get(workflowId)?.query('environment'),
    environmentSettled(question, call) {
      let turns = 0; // Stops after this many turns. Then only the test can end it.
      const isSuperseded = () => call.cancelRequested || (turns += 1) > 40;
      return environmentSettled(cluster, question, {
        superseded: isSuperseded,
        pause: () => new Promise((resolve) => setImmediate(resolve)),
      });
    },
    ...goodWorld(over),
  });
  return cluster;
}

export const startRun = (cluster: Cluster, input: unknown, options = {}): Promise<Execution> =>
  cluster.start('pipelineRun', 'run/default/PAY-142', input, options);

export const refusedForGood = (type: string, message: string) => ApplicationFailure.nonRetryable(message, type);
export { HEAD };
