import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { dataConverter, workflowBundle } from '../../../worker/bundle.ts';
import type { Past } from './history.ts';
import type { Violation } from './invariants.ts';

let quiet = false;

/**
 * I11: every history replays on the workflow code of this build, without the interceptors of the test. Returns violations
 * by workflow id.
 */
export async function replayAll(pasts: readonly Past[], folder: string): Promise<Map<string, Violation[]>> {
  hush();
  const found = new Map<string, Violation[]>();
  const histories = pasts.map(({ workflowId, events }) => ({ workflowId, history: { events } as never }));
  const options = { workflowBundle: await workflowBundle(folder), dataConverter };
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (!error) continue;
    const text = `${workflowId} does not replay: ${error.message.split('\n', 1)[0]}`;
    found.set(workflowId, [...(found.get(workflowId) ?? []), { invariant: 'I11', count: 'other', text }]);
  }
  return found;
}

/** Keeps Temporal's core from printing warnings on standard output, which is for results. */
function hush(): void {
  if (quiet) return;
  quiet = true;
  const logging = { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } as const;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
}
