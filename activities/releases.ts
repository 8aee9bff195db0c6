import type { Activities, Signal } from '../workflows/contracts/activities.ts';
import { notYet } from './failures.ts';
import type { Ports, Releases } from './ports.ts';

/**
 * Reads a release's signals until one alerts or its time is over. Each poll is a retry, so it adds no event to the history.
 */
export const releaseActivities = (
  { releases }: Pick<Ports, 'releases'>,
  { lookMs }: { lookMs: number },
): Pick<Activities, 'releaseSettled'> => ({
  async releaseSettled({ change, mergeCommit, since, until }) {
    const over = Date.now() >= Date.parse(until);
    const signals = await read(releases, change, mergeCommit, over);
    const alerts = signals.some(
      (signal) => signal.state === 'alert' && !(signal.since && Date.parse(signal.since) < Date.parse(since)),
    );
    if (alerts || over) return { signals };
    const states = signals.map(({ id, state }) => `${id} is ${state}`).join(', ') || 'no signal has reported yet';
    throw notYet(`Watched until ${until}: ${states}`, Math.min(lookMs, Math.max(100, Date.parse(until) - Date.now())));
  },
});

/** Reads the signals. When the time is over, signals that cannot be read count as no data. */
async function read(
  releases: Releases,
  change: Parameters<Releases['look']>[0],
  mergeCommit: string,
  over: boolean,
): Promise<Signal[]> {
  try {
    return await releases.look(change, mergeCommit);
  } catch (failure) {
    if (!over) throw failure;
    return [{ id: 'release', state: 'no_data', detail: (failure as Error).message.slice(0, 500) }];
  }
}
