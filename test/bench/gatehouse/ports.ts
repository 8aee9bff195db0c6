import { createHash } from 'node:crypto';
import type { Environments, Executor, Forge, JobStatus, Ports } from '../../../activities/ports.ts';
import { GOOD_OUTPUTS } from '../../../client/offline/world.ts';
import type { Job } from '../../../workflows/contracts/activities.ts';
import { tellEffect } from '../reporting.ts';

const BASE = 'b'.repeat(40);
const commitOf = (what: string) => createHash('sha1').update(what).digest('hex');

/**
 * Ports on which every call succeeds at once. They keep almost no state, so they cost very little and a restarted worker
 * can use them at once. Each effect is reported under the id of its task.
 */
export const benchPorts = (): Ports => ({
  forge: new WillingForge(),
  executor: new QuickExecutor(),
  environments: new LiveEnvironments(),
  releases: { examine: async () => ({ configured: false }), look: async () => [] },
  tracker: { file: async () => undefined, tell: async () => false },
  meter: { record: async () => undefined, spent: async () => 0 },
  notifier: {
    list: async () => ({ kept: [], told: {} }),
    retell: async () => undefined,
    deliver: async ({ task, notice }) => tellEffect(`${task.id} ${notice.type}`),
  },
  texts: { keep: async (text) => commitOf(text), read: async () => undefined },
});

/** Every head is where the run expects it, and checks are green at the first poll. */
class WillingForge implements Forge {
  /** Surveys do not run here. */
  list: Forge['list'] = async () => [];
  release: Forge['release'] = async () => undefined;
  examine: Forge['examine'] = async ({ repository, base = 'main', branch }) => ({
    is: 'found',
    change: { repository, base, branch, basis: BASE },
    checksGraceSeconds: 0,
    tested: 'head',
  });
  claim: Forge['claim'] = async () => ({ is: 'ours' });
  look: Forge['look'] = async (_, known) => ({
    state: 'open',
    ...(known !== undefined && { head: known }),
    baseHead: BASE,
    foreign: [],
  });
  ensurePullRequest: Forge['ensurePullRequest'] = async () => 1;
  checks: Forge['checks'] = async () => ({
    ended: [{ name: 'test', conclusion: 'success' }],
    running: [],
    none: false,
  });
  rerunFailed: Forge['rerunFailed'] = async () => [];
  endChecks: Forge['endChecks'] = async () => undefined;
  mergeResult: Forge['mergeResult'] = async () => ({ is: 'moved' });
  /** The only call without a head in its arguments. Returns the last head that a job has made. */
  mergeability: Forge['mergeability'] = async ({ branch }) => ({
    is: 'mergeable',
    head: heads.get(branch) ?? BASE,
    baseHead: BASE,
  });
  updateFromBase: Forge['updateFromBase'] = async ({ branch }) => ({
    is: 'current',
    head: heads.get(branch) ?? BASE,
  });
  commitFiles: Forge['commitFiles'] = async () => ({ is: 'unchanged' });
  changedPaths: Forge['changedPaths'] = async () => ['src/index.ts'];
  merge: Forge['merge'] = async ({ branch }, { head }) => {
    tellEffect(`${branch} merged`);
    return { is: 'merged', mergeCommit: commitOf(head), head };
  };
}

/** Every environment that was not removed is up, even for a worker that has just started. */
class LiveEnvironments implements Environments {
  private readonly removed = new Set<string>();

  list: Environments['list'] = async () => [];
  examine: Environments['examine'] = async () => ({ configured: true, fields: [] });
  ensure: Environments['ensure'] = async () => undefined;
  look: Environments['look'] = async (key) =>
    this.removed.has(key) ? { is: 'gone' } : { is: 'live', url: 'http://127.0.0.1:1' };
  remove: Environments['remove'] = async (key) => void this.removed.add(key);
}

/** The heads of branches to which jobs of this process have written, for the one call without a head. */
const heads = new Map<string, string>();

/** A text in the feedback that makes a repeated job take this many seconds. Without it, jobs end at once. */
export const taking = (seconds: number) => `It takes ${seconds} s.`;
const secondsOf = ({ revision }: Job) => Number(/It takes (\d+) s\./.exec(revision?.feedback ?? '')?.[1] ?? 0);

/** Jobs end at once unless their feedback says otherwise. A writing job makes a commit. */
class QuickExecutor implements Executor {
  private readonly ended = new Map<string, JobStatus>();
  private readonly ends = new Map<string, number>();

  list: Executor['list'] = async () => [];
  examine: Executor['examine'] = async () => [];
  unavailable: Executor['unavailable'] = async () => undefined;
  knows = async (key: string): Promise<boolean> => this.ended.has(key);

  async ensure(job: Job): Promise<void> {
    const { key, role, mode, task, change } = job;
    if (this.ended.has(key)) return;
    this.ends.set(key, Date.now() + secondsOf(job) * 1_000);
    tellEffect(`${task.id} ${role}`);
    const changed = mode !== 'read';
    const head = commitOf(key);
    if (changed) heads.set(change.branch, head);
    const output = GOOD_OUTPUTS[role];
    this.ended.set(key, {
      is: 'completed',
      summary: `The ${role} is done.`,
      changed,
      foreign: [],
      ...(changed && { head }),
      ...(output !== undefined && { output }),
    } as JobStatus);
  }

  look = async (key: string): Promise<JobStatus> =>
    (this.ends.get(key) ?? 0) > Date.now()
      ? { is: 'running' }
      : (this.ended.get(key) ?? { is: 'evicted', because: 'No such job.', infrastructure: true });
  stop = async (): Promise<boolean> => true;
}
