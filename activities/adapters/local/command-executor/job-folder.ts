import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * What is kept of a job on disk. An isolated job has folders of their own for what it may read and write, so that it sees
 * nothing else of this.
 */
export function jobFolder(jobs: string, name: string) {
  const folder = path.join(jobs, name);
  const file = (name: string) => path.join(folder, name);
  const [input, output] = [file('in'), file('out')];
  const isIsolated = existsSync(output);
  const read = (name: string) => path.join(isIsolated ? input : folder, name);
  const written = (name: string) => path.join(isIsolated ? output : folder, name);
  return {
    folder,
    tree: file('tree'),
    run: file('run'),
    input,
    output,
    /** Outside of the job's reach, for the time in which it is started. */
    isolation: file('isolation'),
    shown: read('shown.json'),
    result: written('result.json'),
    /** Exists once the agent has shown that its model answers. */
    answered: written('answered'),
    /** What the agent driver is to do. It exists only for jobs that the driver runs. */
    drive: read('drive.json'),
    /** Asks the driver to cancel, once it exists. */
    cancel: read('cancel'),
    /** A folder of the driver and its agent, for as long as they run. */
    scratch: file('scratch'),
  };
}

/** Makes the folders of an isolated job. */
export async function isolatedFolder({ folder, input, output, scratch }: JobFolder): Promise<JobFolder> {
  for (const each of [input, output, scratch]) await mkdir(each, { recursive: true });
  return jobFolder(path.dirname(folder), path.basename(folder));
}

export type JobFolder = ReturnType<typeof jobFolder>;
