import type { AgentQuestion, Job, JobReport } from '../../workflows/contracts/activities.ts';
import type { Cluster } from './sandbox/cluster.ts';
import type { World } from './sandbox/wire.ts';
import { inTurn, type End, type Script } from './script.ts';

const MINUTE = 60_000;
/** A promise that never resolves. */
export const never = () => new Promise<never>(() => undefined);

/** A good output for each role with structured output. */
export const GOOD_OUTPUTS: Readonly<Record<string, unknown>> = {
  reviewer: { rating: 0.9, summary: 'Good.' },
  'architect-companion': { rating: 0.9, summary: 'Good.' },
  'spec-companion': { rating: 0.9, summary: 'Good.' },
  tester: { greenlight: true, summary: 'It works.', tested: ['everything'], outcomes: [], concerns: [] },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'It is small.' },
  'task-estimator': { complexity: 0.3, risk: 0.2, impact: 0.3, rationale: 'It is small.' },
  'requirements-reviewer': { items: [] },
  'clarity-reviewer': { items: [] },
  recommender: { items: [] },
  'spec-writer': { service: 'The service', summary: 'What it does.', modules: [] },
  blueprints: { type: 'service', name: 'The service', summary: 'What it is.', references: [], modules: [] },
  'on-call': { culpritConfidence: 0.5, recommendation: 'hold', rationale: 'It began with the release.', evidence: [] },
};

/** A branch whose commits are numbered. */
class Branch {
  head: string | undefined;
  private count = 0;

  commit(): string {
    this.count += 1;
    this.head = this.count.toString(16).padStart(8, '0').padEnd(40, 'c');
    return this.head;
  }
}

const BASE = 'b'.repeat(40);

type Place = { repository: string; base: string; branch: string };
type After = (minutes: number) => Promise<void>;

/** The scripted activities of a run, of its environment and of its release watch. */
export function worldOf(script: Script, cluster: () => Cluster, change: Place): World {
  const branch = new Branch();
  const after: After = (minutes) => cluster().wait(minutes * MINUTE);
  return {
    readClosed: () => ({
      is: 'refused',
      fields: [{ path: 'resume', expected: 'expected nothing: there are no runs before' }],
    }),
    examine: () => ({ is: 'ready', change: { ...change, basis: BASE }, environments: true, checksGraceSeconds: 0 }),
    runJob: jobs(script, branch, cluster),
    async agentAvailable({ shown: { until } }: AgentQuestion) {
      await cluster().wait(Math.max(0, Date.parse(until ?? '') - cluster().now || 0));
      return null;
    },
    ...forgeOf(script, branch, after),
    ...environmentsOf(script, cluster, after),
    async releaseSettled({ until }) {
      for (const signals = inTurn(script.signals, [{ id: 'all', state: 'ok' as const }]); ;) {
        const read = signals();
        const over = cluster().now >= Date.parse(until);
        if (over || read.some(({ state }) => state === 'alert')) return { signals: read };
        await after(1);
      }
    },
    fileIssue: () => ({ is: 'filed', id: 'ISSUE-1' }),
    keepText: () => 'kept',
    loadText: () => null,
    ...Object.fromEntries(UNANSWERED.map((name) => [name, () => undefined])),
  };
}

function forgeOf(script: Script, branch: Branch, after: After): World {
  const seen = () => ({
    state: 'open' as const,
    ...(branch.head && { head: branch.head }),
    baseHead: BASE,
    foreign: [],
  });
  const checks = inTurn(script.checks, []);
  const conflicts = inTurn(script.conflicts, []);
  const merges = inTurn(script.merges, {});
  return {
    lookAtChange: seen,
    changeMoved: never,
    async settledChecks() {
      await after(2);
      const red = checks().map((name) => ({ name, conclusion: 'failure', log: `${name} is red` }));
      return { ...seen(), checks: red.length > 0 ? red : [{ name: 'all', conclusion: 'success' }], none: false };
    },
    // The base never moves in a script, so no branch is behind it.
    settledMergeResult: () => ({ is: 'moved' }),
    settledMergeability() {
      if (!branch.head) return { ...seen(), is: 'nothing' };
      const files = conflicts();
      return { ...seen(), is: files.length > 0 ? 'conflicted' : 'mergeable', files };
    },
    updateFromBase() {
      const files = conflicts();
      if (files.length > 0) return { ...seen(), is: 'conflict', files };
      branch.commit();
      return { ...seen(), is: 'merged' };
    },
    commitFiles: () => ({ is: 'committed', head: branch.commit(), foreign: [], pullRequest: 1 }),
    protectedPaths: () => [],
    merge({ head }) {
      const { refused } = merges();
      return refused === undefined
        ? { is: 'merged', mergeCommit: 'd'.repeat(40), head }
        : { is: 'refused', because: refused };
    },
  };
}

function environmentsOf(script: Script, cluster: () => Cluster, after: After): World {
  const environments = inTurn(script.environments, {});
  return {
    async provisionEnvironment({ key }) {
      await after(1);
      const { fails } = environments();
      return fails === undefined
        ? { is: 'live', url: `https://preview.example/${String(key).split('/').at(-1)}` }
        : { is: 'failed', because: fails };
    },
    environmentEnded: never,
    holderClosed: never,
    lookAtEnvironment: ({ workflowId }) => cluster().executions.get(workflowId)?.query('environment'),
    environmentSettled: (question, call) =>
      environmentSettled(cluster(), question, {
        superseded: () => call.cancelRequested,
        pause: () => cluster().wait(1_000),
      }),
  };
}

/** The activities without a result. */
const UNANSWERED = [
  'stopJob',
  'notify',
  'cancelRun',
  'noteRun',
  'startDependents',
  'removeEnvironment',
  'endChecks',
  'withinBudget',
  'tellIssues',
];

/** The scripted jobs. By default each takes a minute. */
function jobs({ jobs: reported }: Script, branch: Branch, cluster: () => Cluster) {
  const turns = new Map<string, () => End>();
  return async ({ role, mode }: Job): Promise<JobReport> => {
    if (!turns.has(role)) turns.set(role, inTurn<End>(reported[role] ?? [], {}));
    const end = turns.get(role)!();
    await cluster().wait((end.takesMinutes ?? 1) * MINUTE);
    if (end.evicted) return { is: 'evicted', because: 'Its process is gone.', infrastructure: false };
    const usage = { costCents: end.costCents ?? 0 };
    if (end.notNow !== undefined) {
      const until = new Date(cluster().now + (end.againAfterMinutes ?? 1) * MINUTE).toISOString();
      return { is: 'notNow', because: end.notNow, until, usage };
    }
    if (end.fails !== undefined) return { is: 'failed', because: end.fails, usage };
    const changed = end.changes ?? mode !== 'read';
    if (changed) branch.commit();
    const { summary = `The ${role} is done.`, output = GOOD_OUTPUTS[role], decision } = end;
    const made = { summary, changed, usage, foreign: [], ...(branch.head && { head: branch.head, pullRequest: 1 }) };
    return { is: 'completed', ...made, ...(output !== undefined && { output }), ...(decision && { decision }) };
  };
}

/** Polls, like the real activity, until the environment is no longer being provisioned. */
export async function environmentSettled(
  cluster: Cluster,
  { workflowId, generation }: { workflowId: string; generation: number },
  { superseded: isSuperseded, pause }: { superseded: () => boolean; pause: () => Promise<unknown> },
): Promise<unknown> {
  while (!isSuperseded()) {
    const there = cluster.executions.get(workflowId);
    const view = await there?.query('environment');
    const known = view && view.generation >= generation && (view.status !== 'provisioning' || view.because);
    if ((known && view.status !== 'tearing-down') || (view && there?.closed)) return view;
    await pause();
  }
  return never();
}
