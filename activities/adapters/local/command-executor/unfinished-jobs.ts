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
 * The jobs that have no report, and those whose checkout outlived its report, where a worker died between the two. All other
 * jobs have left nothing but their records.
 */
export class UnfinishedJobs {
  private readonly jobs;
  private readonly unfinished;

  constructor(root: string) {
    this.jobs = foldersOf(root).jobs;
    this.unfinished = new Unfinished(path.join(foldersOf(root).unfinished, 'jobs'), () => this.earlier());
  }

  add = (name: string): Promise<void> => this.unfinished.add(name);
  /** Called when the report is recorded and the checkout is gone. */
  strike = (name: string): Promise<void> => this.unfinished.remove(name);

  async list(): Promise<UnfinishedJob[]> {
    const unfinished: UnfinishedJob[] = [];
    for (const name of await this.unfinished.list()) {
      const folder = path.join(this.jobs, name);
      const job = Known.safeParse(await readRecord(path.join(folder, 'job.json'))).data;
      if (job) unfinished.push({ key: job.key, running: (await stateOf(path.join(folder, 'run'))).is === 'running' });
    }
    return unfinished;
  }

  /** The names of those that have a report. Only their checkouts are left. */
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
