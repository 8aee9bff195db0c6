import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import { inBackground } from '../temporal/background.ts';

interface Making {
  activities: Pick<Activities, 'probeEnvironment'>;
  key: string;
  seconds: number;
}

/** Reports once that building an environment takes too long, and why. Returns a function that cancels this. */
export function notifyWhenSlow({ activities, key, seconds }: Making, report: (because: string) => void): () => void {
  const slow = new CancellationScope();
  inBackground(slow, async () => {
    await sleep(seconds * 1_000, { summary: 'environment: late from then on' });
    const why = patched('environment-says-why') ? await whyNotUp(activities, key) : '';
    report(`It is not up after ${seconds} s; it may still come up.${why}`);
  });
  return () => slow.cancel();
}

/** What its provider saw last, or nothing when the provider cannot be asked. */
async function whyNotUp(activities: Making['activities'], key: string): Promise<string> {
  try {
    const status = await activities.probeEnvironment({ key });
    return status.is === 'provisioning' && status.because ? ` ${status.because}` : '';
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    return '';
  }
}
