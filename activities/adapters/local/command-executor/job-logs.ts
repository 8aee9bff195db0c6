import { PART_BYTES, type LogAnswer, type LogQuestion } from '../../../../workflows/contracts/run/peek.ts';
import type { Holders } from '../../processes/holders.ts';
import type { KeptLogs } from '../../processes/kept-logs.ts';
import { partOf } from '../../processes/logs.ts';
import type { JobFolder } from './job-folder.ts';
import type { JobRows } from './job-rows.ts';

/** The logs of jobs, as people read them while a job runs and after it has ended. */
export class JobLogs {
  constructor(
    private readonly rows: Pick<JobRows, 'read'>,
    private readonly holders: Pick<Holders, 'own' | 'find'>,
    readonly kept: KeptLogs,
    private readonly folderOf: (key: string) => JobFolder,
  ) {}

  /**
   * A part of the log on disk while the job runs here, and else what is kept of it. Throws `HeldElsewhere` or `HolderSilent` for a job that
   * runs elsewhere.
   */
  async read({ key, stream, offset }: LogQuestion): Promise<LogAnswer> {
    const row = await this.rows.read(key);
    if (!row) return { is: 'none' };
    const isHere = row.runner === (await this.holders.own());
    const part = isHere ? await partOf(this.folderOf(key).run, stream, { offset, most: PART_BYTES }) : undefined;
    if (part) {
      const next = part.offset + part.bytes.length;
      const ended = row.report !== undefined && next === part.size;
      return { is: 'part', bytes: part.bytes.toString('base64'), offset: part.offset, next, size: part.size, ended };
    }
    const kept = await this.kept.read(key, stream, offset);
    if (kept.is === 'part' || row.report) return kept;
    await this.holders.find(row.runner, 'key');
    return { is: 'none' };
  }
}
