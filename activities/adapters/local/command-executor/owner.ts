import type { Attempt } from '../../../ports.ts';
import { isLater, Superseded } from '../../processes/attempts.ts';
import type { JobRecord } from './job-rows.ts';

/** Throws `Superseded` if a later attempt owns the job. */
export type Still = () => Promise<void>;

/** Whether a later attempt owns the job. False for a call that is not made by an attempt. */
export const isSuperseded = (known: JobRecord | undefined, by: Attempt | undefined): boolean =>
  by !== undefined && known?.owner !== undefined && isLater(known.owner, by);

/** Throws `Superseded` if a later attempt owns the job. */
export function mustBeTheirs(key: string, known: JobRecord | undefined, by: Attempt | undefined): void {
  if (isSuperseded(known, by)) throw new Superseded(key);
}
