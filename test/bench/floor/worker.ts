// The floor: bare Temporal with one trivial activity, and no code of ours in the workflows. The worker is created like
// the production worker, so all options (pollers, slots, cache, timeouts) are the same on both sides.
import { fileURLToPath } from 'node:url';
import { heartbeat } from '@temporalio/activity';
import { bundleWorkflowCode } from '@temporalio/worker';
import { benchPorts } from '../gatehouse/ports.ts';
import { pause } from '../clock.ts';
import { serve } from '../serve.ts';
import { tellEffect } from '../reporting.ts';

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
});

const BEAT_MS = 20_000;

/** Runs for a while with heartbeats, like gatehouse's jobs, and reports its end. */
async function touchFor(effect: string, seconds: number): Promise<void> {
  tellEffect(effect);
  for (let left = seconds * 1_000; left > 0; left -= BEAT_MS) {
    await pause(Math.min(left, BEAT_MS));
    heartbeat();
  }
  tellEffect(`${effect} ended`);
}

await serve(benchPorts(), {
  workflowBundle: { code },
  dataConverter: {},
  activities: { touch: async (effect: string) => tellEffect(effect), touchFor },
});
