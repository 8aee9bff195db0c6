import { ApplicationFailure, CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import { EnvironmentInput } from './contracts/environment.ts';
import { badFields, fieldsMessage } from './contracts/bad-fields.ts';
import { isUnreadable } from './contracts/unreadable.ts';
import { OpenSite } from './lib/open-site.ts';
import { readSite } from './rules/snapshots.ts';

/**
 * One ephemeral environment of one task, with an owner of its own: it outlives whatever uses it, and ends only when its
 * end has been verified. It goes down when its holder asks, when it expires, or when its holder is closed.
 */
export async function environment(raw: unknown): Promise<void> {
  if (isUnreadable(raw)) throw new Error('The input cannot be decoded: does this worker lack a codec?');
  const { data: input, error } = EnvironmentInput.safeParse(raw);
  if (!input && workflowInfo().continuedFromExecutionRunId)
    throw new Error(`A newer build wrote this: ${error.message}`);
  if (!input) throw ApplicationFailure.nonRetryable(fieldsMessage(badFields(error, raw)), 'invalid_input');

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
    if (!site.quiet()) await condition(site.quiet, '10 seconds', { summary: 'environment: its holder is told' });
  });
  if (cancelled) throw cancelled;
}
