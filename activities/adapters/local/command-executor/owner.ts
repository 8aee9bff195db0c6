import { z } from 'zod';
import type { Attempt } from '../../../ports.ts';
import { readRecord } from '../../files/reading.ts';
import { writeRecord } from '../../files/records.ts';
import { isLater } from '../../processes/attempts.ts';

const Owner = z.object({ activity: z.string(), n: z.number(), at: z.number() });

/** Records who owns the job. Called under the job's lock. */
export const own = (file: string, by: Attempt): Promise<void> => writeRecord(file, JSON.stringify(by));

/** Whether a later attempt owns the job. False for a call that is not made by an attempt. */
export async function isSuperseded(file: string, by: Attempt | undefined): Promise<boolean> {
  if (!by) return false;
  const owner = Owner.safeParse(await readRecord(file)).data;
  return owner !== undefined && isLater(owner, by);
}
