import path from 'node:path';

/** What is kept of a job on disk. */
export function jobFolder(jobs: string, name: string) {
  const folder = path.join(jobs, name);
  const file = (name: string) => path.join(folder, name);
  return {
    folder,
    tree: file('tree'),
    run: file('run'),
    shown: file('shown.json'),
    result: file('result.json'),
    /** Exists once the agent has shown that its model answers. */
    answered: file('answered'),
    /** What the agent driver is to do. It exists only for jobs that the driver runs. */
    drive: file('drive.json'),
    /** Asks the driver to cancel, once it exists. */
    cancel: file('cancel'),
    /** A folder of the driver and its agent, for as long as they run. */
    scratch: file('scratch'),
  };
}
export type JobFolder = ReturnType<typeof jobFolder>;
