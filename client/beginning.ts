import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { z } from 'zod';
import { branchOf } from '../workflows/contracts/pipeline-run.ts';
import { titleOfRun } from '../workflows/contracts/text/titles.ts';
import type { RunInput } from '../workflows/gates/index.ts';
import { code } from '../workflows/words/views/markdown.ts';
import { endOf } from './ends.ts';
import { InvalidInput, LiveRun, Unreachable } from './errors.ts';
import { isTimeout } from './timeouts.ts';

/** Deadlines, in milliseconds: for the call, and for the run's first activity. */
const CALL_MS = 10_000;
const FIRST_ACT_MS = 15_000;

/** The parsed start input of a run. */
type Wished = z.output<typeof RunInput>;

export interface Begun {
  workflowId: string;
  runId: string;
  /** Whether a worker has examined the repository yet. If not, a bad repository is reported later. */
  examined: boolean;
}

/** Starts a run with the input as it was written, and waits until a worker has examined the repository. */
export async function begin(
  temporal: Client,
  taskQueue: string,
  { workflowId, wish, input }: { workflowId: string; wish: object; input: Wished },
): Promise<Begun> {
  const { task, change, pipeline, startedBy } = input;
  const details = [
    `Pipeline ${code(pipeline.name ?? 'custom')} on ${code(change.repository)}, branch ${code(branchOf(input))}`,
    ...(startedBy ? [`Started by ${startedBy.replace(/[^\w .@-]/g, '')}`] : []),
  ];
  try {
    const { firstExecutionRunId: runId } = await temporal.withDeadline(Date.now() + CALL_MS, () =>
      temporal.workflow.start('pipelineRun', {
        workflowId,
        taskQueue,
        args: [wish],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: titleOfRun(task),
        staticDetails: details.join('\n\n'),
      }),
    );
    return { workflowId, runId, examined: await firstAct(temporal, workflowId, runId) };
  } catch (failure) {
    if (failure instanceof WorkflowExecutionAlreadyStartedError) throw new LiveRun(workflowId);
    throw isTimeout(failure) ? new Unreachable('The Temporal server does not answer.') : failure;
  }
}

/** Waits until a worker has examined the repository, so that a refusal reaches the caller. False if no worker did. */
async function firstAct(temporal: Client, workflowId: string, runId: string): Promise<boolean> {
  for (const until = Date.now() + FIRST_ACT_MS; Date.now() < until;) {
    const handle = temporal.workflow.getHandle(workflowId, runId);
    const description = await handle.describe();
    if (description.status.name !== 'RUNNING') {
      const end = await endOf(handle, description);
      if (end.is === 'lost' && end.type === 'invalid_input') throw new InvalidInput(end.fields);
      return true;
    }
    const phase = description.searchAttributes['GatehousePhase']?.[0];
    if (phase !== undefined && !String(phase).endsWith(':starting')) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
