import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { listQuery } from './listing.ts';
import { NotSetUp, Unreachable } from './errors.ts';
import { historyData, packed } from './offline/histories.ts';
import { codeOf, INVALID_ARGUMENT, isGone, isTimeout } from './timeouts.ts';
import type { Status } from '../workflows/contracts/reading.ts';
import type * as workflows from '../workflows/index.ts';

/**
 * The workflow types that a new build must be able to take over: runs, their environments, release watches, surveys and
 * recoveries. Those that look at a diff or a log for somebody are over in seconds, and contain what nobody asked to export.
 */
export const TYPES: readonly (keyof typeof workflows)[] = [
  'pipelineRun',
  'environment',
  'releaseWatch',
  'survey',
  'recovery',
];
const OURS = `WorkflowType IN (${TYPES.map((type) => `"${type}"`).join(', ')})`;
const AT_ONCE = 8;
const FETCH_MS = 60_000;

/** Which histories to export. `live`: only of open workflows. `status`: only of runs with this status. */
export interface Which {
  live?: boolean | undefined;
  status?: Status | undefined;
}

export interface Exporting extends Which {
  to: string;
  scrub: (history: unknown) => unknown;
  tell: (written: number) => void;
}

const queryOf = ({ live, status }: Which): string =>
  [status ? listQuery({ status }) : OURS, ...(live ? ['ExecutionStatus = "Running"'] : [])].join(' AND ');

/**
 * Writes the history of every execution that the server still has into a folder, page by page. Replaces existing files,
 * because a history may have grown. Returns how many were written, and how many the server had deleted meanwhile.
 */
export async function exportAll(client: Client, wanted: Exporting): Promise<{ written: number; gone: number }> {
  const { to, scrub, tell } = wanted;
  await mkdir(to, { recursive: true });
  const found = client.workflow.list({ query: queryOf(wanted) })[Symbol.asyncIterator]();
  const counts = { written: 0, gone: 0 };
  const work = async () => {
    for (let next = await found.next(); !next.done; next = await found.next()) {
      const { workflowId, runId } = next.value;
      const handle = client.workflow.getHandle(workflowId, runId);
      try {
        const history = await client.withDeadline(Date.now() + FETCH_MS, () => handle.fetchHistory());
        await writeWhole(path.join(to, fileOf(workflowId, runId)), packed(scrub(historyData(history))));
        counts.written += 1;
        tell(counts.written);
      } catch (failure) {
        if (!isGone(failure)) throw failure;
        counts.gone += 1;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (failure) {
    if (isTimeout(failure)) throw new Unreachable('The Temporal server does not answer.');
    throw codeOf(failure) === INVALID_ARGUMENT ? new NotSetUp() : failure;
  }
  return counts;
}

/** The file name: the workflow id and the run id, because a task may have several executions. */
const fileOf = (workflowId: string, runId: string): string =>
  `${workflowId.replace(/[^\w.-]/g, '_').slice(0, 150)}.${runId}.json.gz`;

/** Writes a file atomically. */
async function writeWhole(file: string, bytes: Buffer): Promise<void> {
  await writeFile(`${file}.draft`, bytes);
  await rename(`${file}.draft`, file);
}
