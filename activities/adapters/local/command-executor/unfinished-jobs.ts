import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { UnfinishedJob } from '../../../inventory.ts';
import { foldersOf } from '../../files/folders.ts';
import { readRecord } from '../../files/reading.ts';
import { Unfinished } from '../../files/unfinished.ts';
import { stateOf } from '../../processes/processes.ts';

const Known = z.object({ key: z.string() });

/**
 * The jobs without a report, and those with a report whose checkout still exists because a worker died in between. All other
 * jobs have only their records left.
 */
export class UnfinishedJobs {
  private readonly jobs;
  private readonly unfinished;

  constructor(root: string) {
    this.jobs = foldersOf(root).jobs;
    this.unfinished = new Unfinished(path.join(foldersOf(root).unfinished, 'jobs'), () => this.earlier());
  }

  add = (name: string): Promise<void> => this.unfinished.add(name);
  /** Removes a job from the list, when its report is recorded and its checkout is gone. */
  strike = (name: string): Promise<void> => this.unfinished.remove(name);

  async list(): Promise<UnfinishedJob[]> {
    const listed: UnfinishedJob[] = [];
    for (const name of await this.unfinished.list()) {
      const folder = path.join(this.jobs, name);
      const job = Known.safeParse(await readRecord(path.join(folder, 'job.json'))).data;
      if (job) listed.push({ key: job.key, running: (await stateOf(path.join(folder, 'run'))).is === 'running' });
    }
    return listed;
  }

  /** The names of listed jobs that have a report. Only their checkouts are left. */
  async reported(): Promise<string[]> {
    const names = await this.unfinished.list();
    const there = await Promise.all(names.map((name) => this.filesOf(name)));
    return names.filter((_, index) => there[index]!.includes('report.json'));
  }

  private async earlier(): Promise<string[]> {
    const entries = await readdir(this.jobs, { withFileTypes: true }).catch(() => []);
    const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    const there = await Promise.all(names.map((name) => this.filesOf(name)));
    return names.filter((_, index) => {
      const files = there[index]!;
      return files.includes('job.json') && (!files.includes('report.json') || files.includes('tree'));
    });
  }

  private filesOf = (name: string): Promise<string[]> => readdir(path.join(this.jobs, name)).catch(() => []);
}
