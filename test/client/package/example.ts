/** A program that starts a run, answers its questions, and reads how it ends. */
import { act, connect, readRun, Refused, startRun, type StartInput } from 'gatehouse-temporal';
import { runQuery, type RunAnswer } from 'gatehouse-temporal/contracts';

const [repository = ''] = process.argv.slice(2);
const input: StartInput = {
  task: { id: 'PROGRAM-1', title: 'Show totals with tax' },
  change: { repository },
  pipeline: { steps: [{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'merger' }] },
};

const client = await connect();
const { workflowId } = await startRun(client, input);
try {
  await act(client, workflowId, 'resolveCap', { choice: 'proceed' });
} catch (failure) {
  if (!(failure instanceof Refused)) throw failure;
  console.log(`refused: ${failure.code}`);
}

for (;;) {
  const { run, end } = await readRun(client, workflowId);
  if (end.is === 'done') {
    console.log(`ended: ${end.result.outcome}`);
    break;
  }
  if (end.is === 'lost') throw new Error(end.message);
  if (run.status === 'parked') {
    const asked: RunAnswer = await client.workflow.getHandle(workflowId).query(runQuery);
    console.log(`parked: ${asked.current?.visit}`);
    await act(client, workflowId, 'confirm', { by: 'a program', visit: asked.current?.visit });
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}
await client.connection.close();

/** Never called. The compiler must refuse each of these calls. */
export async function wrong(): Promise<void> {
  // @ts-expect-error -- there is no such action
  await act(client, workflowId, 'confrim', {});
  // @ts-expect-error -- findings are missing
  await act(client, workflowId, 'requestFix', {});
  // @ts-expect-error -- a task has an id
  await startRun(client, { task: { title: 'Totals' }, change: { repository }, pipeline: 'quick' });
}
