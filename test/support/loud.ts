import { InMemoryTexts } from './in-memory/store.ts';
import { readClosed } from '../../activities/closed-runs.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { CARRIED_BYTES } from '../../workflows/rules/bounds.ts';
import { bytesOf } from '../../workflows/rules/bytes.ts';
import { wish } from './builders.ts';
import { clientOf } from './sandbox-client.ts';
import type { Cluster, Execution } from './sandbox.ts';
import { clusterWith, goodWork, startRun } from './world.ts';

/** The size that no message may reach. The server ends a run at 2 MB. */
export const MESSAGE_BYTES = 1_100_000;
export const long = (characters: number) => '長'.repeat(characters);
export const many = <T>(count: number, of: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => of(n + 1));

/** Every role returns as much as allowed: 10,000 characters, and 256 kB of data. */
export const loud = (job: Job) => {
  const answer = goodWork(job);
  if (answer.is !== 'completed') return answer;
  const own = (answer.output ?? {}) as object;
  const output = { ...own, padding: 'x'.repeat(255_000 - JSON.stringify(own).length) };
  return { ...answer, summary: long(10_000), output, changed: job.mode !== 'read' };
};

/**
 * A run in which every text is as long as allowed. Records the size of each message, and stores texts that are kept.
 */
export async function loudRun(
  steps: ({ kind: string } & Record<string, unknown>)[],
  { answer = loud, ...over }: { answer?: (job: Job) => unknown } & Record<string, unknown> = {},
) {
  const texts = new InMemoryTexts();
  const jobs: Job[] = [];
  const weighed: number[] = [];
  const cluster: Cluster = clusterWith({
    readClosed: async ({ runId }, { workflowId }) => {
      const again = { workflowId, runId: cluster.executions.get(workflowId)!.runId };
      const read = await readClosed({ client: clientOf(cluster), again, runId, texts, attempt: 1 });
      weighed.push(bytesOf(read));
      return read;
    },
    runJob: (job: Job) => {
      jobs.push(structuredClone(job));
      weighed.push(bytesOf(job));
      return answer(job);
    },
    keepText: (text: string) => {
      weighed.push(bytesOf(text));
      return texts.keep(text);
    },
    loadText: async (hash: string) => (await texts.read(hash)) ?? null,
    ...over,
  });
  const run = await startRun(cluster, wish(...steps));
  return { cluster, run, jobs, weighed, texts };
}

/** Makes the run continue as new for a newer build, and checks the size of the state that it hands over. */
export const moved = async (run: Execution) => {
  const before = run.handed.length;
  await run.signal('_upgrade', {});
  expect(run.handed).toHaveLength(before + 1);
  const { resume } = run.handed.at(-1) as { resume: { state: unknown } };
  expect(bytesOf(resume.state)).toBeLessThanOrEqual(CARRIED_BYTES);
};
