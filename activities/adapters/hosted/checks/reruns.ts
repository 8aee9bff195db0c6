import type { HostedCheck } from '../api.ts';
import type { Hosted } from '../../git/publishing/change-store.ts';
import type { Reported } from './judging.ts';

/** How long a check that was run again may look as it did before, in milliseconds. After that it counts as red. */
const BEGINS_MS = 600_000;

type Rerun = NonNullable<Hosted['rerun']>;

/** Whether a check was run again before, by our record of the head or by the number of its attempt. */
export const rerunBefore =
  (rerun: Rerun | undefined, head: string, now: number): Reported['again'] =>
  ({ name, from }) => {
    const before = rerun?.head === head ? rerun.checks.filter((each) => each.name === name) : [];
    const same = before.find(({ id }) => id === from.id);
    if (same) return same.at > 0 && now - same.at < BEGINS_MS && (from.attempt ?? 1) === 1 ? 'begins' : 'in-vain';
    return before.length > 0 || (from.attempt ?? 1) > 1 ? 'in-vain' : 'never';
  };

/** The record with these checks added. Those that the forge does not run alone are recorded as run in vain. */
export function withReruns(
  rerun: Rerun | undefined,
  head: string,
  { checks, begun, now }: { checks: readonly HostedCheck[]; begun: readonly string[]; now: number },
): Rerun {
  const before = rerun?.head === head ? rerun.checks : [];
  const added = checks.map(({ name, from }) => ({ name, id: from.id, at: begun.includes(name) ? now : 0 }));
  return { head, checks: [...before, ...added] };
}
