// Bare Temporal: one trivial activity, no code of ours in the workflows. The worker is made as the production worker is,
// so that every option of it (pollers, slots, cache, time-outs) is the same on both sides.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { benchPorts } from '../gatehouse/ports.ts';
import { serve } from '../serve.ts';
import { tellEffect } from '../teller.ts';

const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
});

await serve(benchPorts(), {
  workflowBundle: { code },
  dataConverter: {},
  activities: { touch: async (effect: string) => tellEffect(effect) },
});
