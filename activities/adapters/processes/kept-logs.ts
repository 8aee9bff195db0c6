import type { LogAnswer, LogStream } from '../../../workflows/contracts/run/peek.ts';
import type { State } from '../state/state.ts';
import { partOf } from './logs.ts';

/** How much of the end of each output stream is kept in the database, in bytes. */
export const END_BYTES = 65_536;

const STREAMS = ['stdout', 'stderr'] as const;

/** The ends of the logs of jobs and checks, in the database, so that they outlive the machine that ran them. */
export class KeptLogs {
  constructor(private readonly state: State) {}

  /**
   * Keeps the ends of a command's logs. The command has ended. Keeping them again replaces them, but a log that is gone
   * replaces none.
   */
  async keep(key: string, run: string): Promise<void> {
    for (const stream of STREAMS) {
      const end = await partOf(run, stream, { offset: Infinity, most: END_BYTES });
      if (!end || end.size === 0) continue;
      const text = this.state.cipher.encrypt(end.bytes.toString('base64'));
      const values = { size: end.size, text, kept_at: this.state.now };
      await this.state.query((db) =>
        db
          .insertInto('logs')
          .values({ key, stream, ...values })
          .onConflict((conflict) => conflict.columns(['key', 'stream']).doUpdateSet(values))
          .execute(),
      );
    }
  }

  /** What is kept of a log, from an offset or, if that is no longer kept, from where it is. */
  async read(key: string, stream: LogStream, offset: number): Promise<LogAnswer> {
    const row = await this.state.query((db) =>
      db.selectFrom('logs').selectAll().where('key', '=', key).where('stream', '=', stream).executeTakeFirst(),
    );
    return row ? keptPart(row, this.state.cipher.decrypt(row.text), offset) : { is: 'none' };
  }
}

/** A part of a kept end, which `text` has in Base64. Beyond the end it is all that is kept, as of a log on disk. */
export function keptPart({ size }: { size: number }, text: string, offset: number): LogAnswer {
  const bytes = Buffer.from(text, 'base64');
  const begin = size - bytes.length;
  const from = offset > size ? begin : Math.max(offset, begin);
  const part = bytes.subarray(bytes.length - (size - from));
  return { is: 'part', bytes: part.toString('base64'), offset: from, next: size, size, ended: true };
}
