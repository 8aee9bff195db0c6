import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { EnvironmentInput } from './contracts/environment.ts';
import { enter } from './temporal/input.ts';
import { OpenSite } from './environments/lifecycle.ts';
import { readSite } from './rules/snapshots.ts';

/**
 * One ephemeral environment of one task, with an owner of its own: it outlives whatever uses it, and ends only when its
 * end has been verified. It goes down when its holder asks, when it expires, or when its holder is closed.
 */
export async function environment(raw: unknown): Promise<void> {
  const input = enter(EnvironmentInput, raw, { handedOn: { path: 'resume', of: ({ resume }) => resume } });
  const site = new OpenSite(input, input.resume && readSite(input.resume));
  let cancelled: Error | undefined;
  try {
    while (!site.released) await site.generation();
  } catch (failure) {
    if (!isCancellation(failure)) throw failure;
    cancelled = failure as Error;
  }
  await CancellationScope.nonCancellable(async () => {
    await site.tearDown();
    if (!site.quiet())
      await condition(site.quiet, '10 seconds', { summary: 'environment: the run is told how it ended' });
  });
  if (cancelled) throw cancelled;
}
