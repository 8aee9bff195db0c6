import path from 'node:path';
import type { JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Ledger } from '../../../ledger.ts';
import { clear, isThere } from '../../files/clearing.ts';
import type { Trash } from '../../files/trash.ts';
import type { Exclusively } from '../../processes/exclusive.ts';
import type { KeptLogs } from '../../processes/kept-logs.ts';
import { askToEnd, isHere } from '../../processes/processes.ts';
import type { JobFolder } from './job-folder.ts';
import type { JobRecord, JobRows } from './job-rows.ts';
import { endJob } from './launching.ts';

/** The end of a job whose runner is lost. */
export const LOST: JobReport = {
  is: 'evicted',
  because: 'The worker that ran it was not heard of for too long.',
  infrastructure: true,
};

interface Given {
  rows: JobRows;
  trash: Trash;
  exclusively: Exclusively;
  logs: KeptLogs;
  ledger: Ledger | undefined;
  folderOf(key: string): JobFolder;
}

/** How jobs end other than by themselves, and what is left of them. */
export class Leavings {
  constructor(private readonly given: Given) {}

  /** Records a report. The first one counts. */
  async note(key: string, report: JobReport): Promise<void> {
    if (await this.given.rows.report(key, report)) this.given.ledger?.note({ effect: 'job-ended', key });
  }

  interrupt(key: string): Promise<void> {
    return this.alone(key, () => this.note(key, { is: 'interrupted', because: 'The local stack was stopped.' }));
  }

  /** Keeps the end of the log. A checkout that cannot be removed stays on record, and the next worker tries again. */
  async clear(key: string, { tree, scratch, run }: JobFolder): Promise<void> {
    await this.given.logs.keep(key, run);
    await clear(scratch);
    await this.given.trash.take(tree);
    if (!(await isThere(tree))) await this.given.rows.cleared(key);
  }

  /**
   * Ends jobs that have a report and are not cleared: their worker died in between, or another one has recorded their end.
   * Nobody polls those jobs again, and nothing depends on this: the next sweep does what could not be done.
   */
  async sweep(): Promise<void> {
    for (const { key, report } of await this.unfinished()) {
      if (report) await this.swept(key).catch(() => undefined);
    }
  }

  /** One that another container runs is only asked to end, because that may take long. */
  private swept(key: string): Promise<void> {
    const paths = this.given.folderOf(key);
    return this.alone(key, async () => {
      await ((await isHere(paths.run)) ? endJob(paths) : askToEnd(paths.run));
      await this.clear(key, paths);
    });
  }

  /** Ends all jobs of this runner, because others have begun them anew. Throws if some cannot be ended. */
  async lose(): Promise<void> {
    for (const { key } of await this.given.rows.unfinished()) {
      await this.given.rows.report(key, LOST);
      await this.ended(key);
    }
  }

  private ended(key: string): Promise<void> {
    const paths = this.given.folderOf(key);
    return this.alone(key, async () => {
      await endJob(paths);
      await this.clear(key, paths);
    });
  }

  private unfinished = (): Promise<Pick<JobRecord, 'key' | 'report'>[]> => this.given.rows.unfinished().catch(() => []);

  private alone = (key: string, work: () => Promise<void>): Promise<void> =>
    this.given.exclusively(leaseOf(this.given.folderOf(key)), work);
}

/** The lease under which a job is worked on. */
export const leaseOf = ({ folder }: JobFolder): string => `job ${path.basename(folder)}`;
