import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { wish } from './builders.ts';
import type { World } from './sandbox.ts';
import { clusterWith, goodWork, startRun } from './world.ts';

type Steps = ({ kind: string } & Record<string, unknown>)[];

/** Starts a run of these steps. `world` overrides activities of the good world, `over` fields of the start input. */
export async function playRun(steps: Steps, world: World = {}, over: object = {}) {
  const cluster = clusterWith(world);
  const run = await startRun(cluster, { ...wish(...steps), ...over });
  return { cluster, run, look: () => run.query('run'), log: () => run.query('actions') };
}

/**
 * Returns each role's reports in turn, then repeats the last one. Other roles succeed. Every job is pushed to `heard`.
 */
export function jobsOf(reported: Record<string, JobReport[]>, heard: Job[] = []): (job: Job) => JobReport {
  const left = new Map(Object.entries(reported).map(([role, ends]) => [role, [...ends]]));
  return (job) => {
    heard.push(job);
    const ends = left.get(job.role);
    return ends ? (ends.length > 1 ? ends.shift()! : ends[0]!) : goodWork(job);
  };
}

/** Jobs of one role that run until the test ends them. Other roles succeed. */
export function heldJob(role: string) {
  const begun: Job[] = [];
  const waiting: ((end: JobReport) => void)[] = [];
  return {
    begun,
    runJob: (job: Job) => {
      if (job.role !== role) return goodWork(job);
      begun.push(job);
      return new Promise<JobReport>((resolve) => waiting.push(resolve));
    },
    end: (report: JobReport) => waiting.shift()!(report),
  };
}

export const failureOf = (run: { closed: unknown }) => (run.closed as { failure: any }).failure;
