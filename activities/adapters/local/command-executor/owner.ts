import { z } from 'zod';
import type { Attempt } from '../../../ports.ts';
import { isLater } from '../../processes/attempts.ts';
import { writeRecord } from '../../files/records.ts';
import { readRecord } from '../../files/reading.ts';

const Owner = z.object({ activity: z.string(), n: z.number(), at: z.number() });

/** Puts on record whose job it is. Read and written under the job's lock. */
export const own = (file: string, by: Attempt): Promise<void> => writeRecord(file, JSON.stringify(by));

/** Whether a later attempt has the job. What nobody asks for in an attempt's name is never too late. */
export async function isSuperseded(file: string, by: Attempt | undefined): Promise<boolean> {
  if (!by) return false;
  const owner = Owner.safeParse(await readRecord(file)).data;
  return owner !== undefined && isLater(owner, by);
}
