import { createHash } from 'node:crypto';
import type { Environments, Executor, Forge, JobStatus, Ports } from '../../../activities/ports.ts';
import { GOOD_OUTPUTS } from '../../../client/offline/world.ts';
import type { Job } from '../../../workflows/contracts/activities.ts';
import { tellEffect } from '../reporting.ts';

const BASE = 'b'.repeat(40);
const commitOf = (what: string) => createHash('sha1').update(what).digest('hex');

/**
 * A world in which all goes well, at once, and which knows nothing but what it is asked: so it costs as good as nothing,
 * and a worker that was killed finds it as it was. Each effect is told, under the task's id.
 */
export const benchPorts = (): Ports => ({
  forge: new WillingForge(),
  executor: new QuickExecutor(),
  environments: new StandingEnvironments(),
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

/** Every head is where the run knows it to be; checks are green at the first look. */
class WillingForge implements Forge {
  /** Surveys find nothing standing here. */
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
  endChecks: Forge['endChecks'] = async () => undefined;
  mergeResult: Forge['mergeResult'] = async () => undefined;
  /** The only question that does not say which head it is about: the last one that a job has made is told. */
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

/** Whatever was not taken down is up, also for a worker that has only just come. */
class StandingEnvironments implements Environments {
  private readonly removed = new Set<string>();

  list: Environments['list'] = async () => [];
  examine: Environments['examine'] = async () => ({ configured: true, fields: [] });
  ensure: Environments['ensure'] = async () => undefined;
  look: Environments['look'] = async (key) =>
    this.removed.has(key) ? { is: 'gone' } : { is: 'live', url: 'http://127.0.0.1:1' };
  remove: Environments['remove'] = async (key) => void this.removed.add(key);
}

/** The heads of branches that jobs of this process have written to, for the one question that does not name its head. */
const heads = new Map<string, string>();

/** What a person is to tell a job that is done again, so that it takes a while: otherwise it ends where it begins. */
export const taking = (seconds: number) => `It takes ${seconds} s.`;
const secondsOf = ({ revision }: Job) => Number(/It takes (\d+) s\./.exec(revision?.feedback ?? '')?.[1] ?? 0);

/** Jobs end where they begin, unless told otherwise; who writes has made a commit. */
class QuickExecutor implements Executor {
  private readonly ended = new Map<string, JobStatus>();
  private readonly ends = new Map<string, number>();

  list: Executor['list'] = async () => [];
  examine: Executor['examine'] = async () => [];
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
