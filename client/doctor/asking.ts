import type { Client } from '@temporalio/client';
import { surveyIdOf, type Finding, type Survey } from '../../workflows/contracts/survey.ts';
import { pendingOf } from '../pending.ts';
import { isTimeout } from '../timeouts.ts';

/** How long a pass may take, in milliseconds: to look, and to mend, for environments take their time to go. */
const POLL_MS = 30_000;
const FIX_MS = 600_000;
/** A pass that nobody takes on is not to wait for a worker for ever: it would look at a world of long ago. */
const LONGEST = '15 minutes';

/** Has a worker look, by a workflow of its own (`survey`), at what only the server and a worker can see. */
export async function surveyed(client: Client, taskQueue: string, fix: boolean): Promise<Finding[]> {
  const workflowId = surveyIdOf(taskQueue, { fix });
  const handle = await client.workflow.start('survey', {
    workflowId,
    taskQueue,
    args: [{ fix }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowRunTimeout: LONGEST,
    staticSummary: fix ? 'gatehouse doctor --fix' : 'gatehouse doctor',
  });
  try {
    const deadline = Date.now() + (fix ? FIX_MS : POLL_MS);
    const { findings, mended } = (await client.withDeadline(deadline, () => handle.result())) as Survey;
    return [
      ...mended.map((detail): Finding => ({ about: 'mended', ok: !detail.startsWith('not '), detail })),
      ...findings.map(shown),
    ];
  } catch (failure) {
    if (!isTimeout(failure)) throw failure;
    return [{ about: 'survey', ok: false, ...(await silence(client, workflowId)) }];
  }
}

const shown = ({ about, ok, detail, mend }: Finding): Finding => ({ about, ok, detail, ...(mend && { mend }) });

/** Why nobody answers: no worker has come, or its code fails on this very workflow. */
async function silence({ workflow }: Client, workflowId: string): Promise<Pick<Finding, 'detail' | 'mend'>> {
  const description = await workflow.getHandle(workflowId).describe();
  const { raw } = description;
  if ((raw.pendingWorkflowTask?.attempt ?? 1) > 1) {
    return {
      detail: `the workflow tasks of ${workflowId} fail`,
      mend: 'look at the worker’s log, and deploy a build that works',
    };
  }
  const [failing] = await pendingOf(description, workflow.options.loadedDataConverter.payloadCodecs);
  if (failing) return { detail: `it cannot look: ${failing.because}`, mend: 'mend what it names, then ask again' };
  return { detail: 'no worker has answered yet', mend: 'gatehouse up, then ask again' };
}
