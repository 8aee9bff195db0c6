import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import { inBackground } from '../temporal/background.ts';
import { slow as slowText } from '../words/environment.ts';
import { environmentLateTimer } from '../words/views/timers.ts';

interface Making {
  activities: Pick<Activities, 'probeEnvironment'>;
  key: string;
  seconds: number;
}

/** Reports once that building an environment takes too long, and why. Returns a function that cancels this. */
export function notifyWhenSlow({ activities, key, seconds }: Making, report: (because: string) => void): () => void {
  const slow = new CancellationScope();
  inBackground(slow, async () => {
    await sleep(seconds * 1_000, { summary: environmentLateTimer() });
    const because = patched('environment-says-why') ? await whyNotUp(activities, key) : undefined;
    report(slowText({ seconds, because }));
  });
  return () => slow.cancel();
}

/** Why it is not up, as its provider reports it, or nothing when the provider cannot be asked. */
async function whyNotUp(activities: Making['activities'], key: string): Promise<string | undefined> {
  try {
    const status = await activities.probeEnvironment({ key });
    return status.is === 'provisioning' ? status.because : undefined;
  } catch (failure) {
    if (isCancellation(failure)) throw failure;
    return undefined;
  }
}
