import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { StandingJob } from '../../../inventory.ts';
import { readJson } from '../folders.ts';
import { stateOf } from '../processes.ts';

const Known = z.object({ key: z.string() });

/**
 * The jobs below a folder that have no report, and those whose checkout has outlived it, as where a worker died between
 * the two. All others have left nothing but their records.
 */
export async function standingJobs(jobs: string): Promise<StandingJob[]> {
  const standing: StandingJob[] = [];
  const entries = await readdir(jobs, { withFileTypes: true }).catch(() => []);
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const folder = path.join(jobs, name);
    const there = await readdir(folder);
    if (there.includes('report.json') && !there.includes('tree')) continue;
    const job = await readJson(path.join(folder, 'job.json'), Known);
    if (job) standing.push({ key: job.key, running: (await stateOf(path.join(folder, 'run'))).is === 'running' });
  }
  return standing;
}
