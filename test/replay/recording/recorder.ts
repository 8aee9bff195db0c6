import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { historyData, packed } from '../../../client/offline/histories.ts';
import { scrubbed } from '../../../client/offline/scrubbing.ts';
import type { Case } from '../cases.ts';
import { TASK_QUEUE, type Theatre } from './server.ts';
import { Stage, until } from './stage.ts';

/** The part of a history that names the next ones. */
interface Told {
  events: {
    workflowExecutionContinuedAsNewEventAttributes?: { newExecutionRunId: string };
    childWorkflowExecutionStartedEventAttributes?: { workflowExecution: { workflowId: string; runId: string } };
  }[];
}

const UNREAD = new Set(['requestId', 'taskId', 'meteringMetadata', 'workerVersion', 'userMetadata']);
const CLOSES: Record<string, string> = { passed: 'COMPLETED', failed: 'FAILED', stopped: 'CANCELLED' };

/** Plays a case to its end, and writes the histories of all its executions. Returns the files. */
export async function take(each: Case, theatre: Theatre, folder: string, places: readonly string[]): Promise<string[]> {
  const stage = new Stage(each, theatre.client, TASK_QUEUE);
  theatre.stages.set(each.name, stage);
  const files: string[] = [];
  await (each.play ? each.play(stage) : stage.start());
  if (!each.stays) await close(stage);
  await judge(stage);

  await mkdir(folder, { recursive: true });
  for (const [name, history] of await historiesOf(stage)) {
    const file = path.join(folder, `${name}.json.gz`);
    await writeFile(file, packed(scrubbed(slim(history), places)), { flag: 'wx' });
    files.push(file);
  }
  if (each.stays) await theatre.client.workflow.getHandle(stage.workflowId).terminate('It is recorded.');
  return files;
}

/** Drops what no replay reads and does not compress: an eighth of a packed history. */
function slim(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(slim);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !UNREAD.has(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, slim(each)]));
}

/** Waits until everything that the case started has ended. */
async function close(stage: Stage): Promise<void> {
  const task = stage.each.name;
  if ((await stage.statusOf()) !== undefined) await stage.finish();
  const begun = stage.begun.map((each) => each.split(' ')[0]!);
  for (const id of new Set([`release/default/${task}`, `env/default/${task}`, ...begun])) {
    if ((await stage.statusOf(id)) !== undefined)
      await (id.startsWith('release') ? stage.finish(id) : stage.closed(id));
  }
}

/** Throws if the case ended other than intended. */
async function judge(stage: Stage): Promise<void> {
  const { each, client, workflowId } = stage;
  const status = await stage.statusOf();
  if (each.closes === 'TERMINATED') return;
  if (status === undefined) return judgeOther(stage);
  const run = await until(`${each.name} answers`, () => stage.look());
  const expected = each.stays ? 'RUNNING' : (each.closes ?? CLOSES[run.status]);
  if (status !== expected) throw new Error(`it is ${status}, not ${expected}`);
  const result = status === 'COMPLETED' ? await client.workflow.getHandle(workflowId).result() : undefined;
  if (each.reaches(run, result)) return;
  const { type, message } = (await stage.runs.ended(workflowId)) as { type?: string; message?: string };
  const steps = run.steps.map(
    ({ kind, state, outcome, note }) => `${kind} ${outcome ?? state}${note ? ` (${note})` : ''}`,
  );
  throw new Error(`it ended differently: ${run.status}; ${steps.join(', ')}; ${type}: ${message}`);
}

/** A case without a run is judged by the status of its workflow. */
async function judgeOther(stage: Stage): Promise<void> {
  const [id] = stage.begun[0]!.split(' ');
  const [status, expected] = [await stage.statusOf(id), stage.each.closes ?? 'COMPLETED'];
  if (status !== expected) throw new Error(`${id} is ${status}, not ${expected}`);
}

/** Every execution that the case started, with their children and successors, under the case's name. */
async function historiesOf({ begun, client, each }: Stage): Promise<Map<string, Told>> {
  const found = new Map<string, Told>();
  const due = [...begun];
  const counts: Record<string, number> = {};
  for (let next = due.shift(); next !== undefined; next = due.shift()) {
    const [workflowId = '', runId = ''] = next.split(' ');
    const reported = historyData(await client.workflow.getHandle(workflowId, runId).fetchHistory()) as Told;
    const kind = workflowId.split('/')[0]!;
    const count = (counts[kind] = (counts[kind] ?? 0) + 1);
    const part = [kind === 'run' ? '' : kind, count > 1 ? count : ''].filter(Boolean).join('-');
    found.set(part ? `${each.name}.${part}` : each.name, reported);
    for (const event of reported.events) {
      const on = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
      const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
      if (on) due.push(`${workflowId} ${on}`);
      if (child) due.push(`${child.workflowId} ${child.runId}`);
    }
  }
  return found;
}
