import type { Client } from '@temporalio/client';
import { surveyIdOf, type Finding, type Survey } from '../../workflows/contracts/survey.ts';
import { isDone } from '../../workflows/words/survey.ts';
import { pendingOf } from '../pending.ts';
import { isTimeout } from '../timeouts.ts';

/** How long a survey may take, in milliseconds. With fixes it takes longer, because environments are slow to stop. */
const POLL_MS = 30_000;
const FIX_MS = 600_000;
/** The run timeout of a survey, so that it does not wait for a worker for ever. */
const LONGEST = '15 minutes';

/** Lets a worker check what only the server and a worker can see, by running the workflow `survey`. */
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
      ...mended.map((detail): Finding => ({ about: 'mended', ok: isDone(detail), detail })),
      ...findings.map(shown),
    ];
  } catch (failure) {
    if (!isTimeout(failure)) throw failure;
    return [{ about: 'survey', ok: false, ...(await whyUnanswered(client, workflowId)) }];
  }
}

const shown = ({ about, ok, detail, mend, bytes }: Finding): Finding => ({
  about,
  ok,
  detail,
  ...(mend && { mend }),
  ...(bytes && { bytes }),
});

/** Explains why no answer has come: no worker has taken the survey, or the worker's code fails on it. */
async function whyUnanswered({ workflow }: Client, workflowId: string): Promise<Pick<Finding, 'detail' | 'mend'>> {
  const description = await workflow.getHandle(workflowId).describe();
  const { raw } = description;
  if ((raw.pendingWorkflowTask?.attempt ?? 1) > 1) {
    return {
      detail: `the workflow tasks of ${workflowId} fail`,
      mend: 'read the worker’s log, and deploy a build that works',
    };
  }
  const [failing] = await pendingOf(description, workflow.options.loadedDataConverter.payloadCodecs);
  if (failing) return { detail: `the check fails: ${failing.because}`, mend: 'fix the cause, then run doctor again' };
  return { detail: 'no worker has answered yet', mend: 'gatehouse up, then run doctor again' };
}
