import { found } from '../../../workflows/contracts/bad-fields.ts';
import type { ActionEntry } from '../../../workflows/contracts/reading.ts';
import { readConfig } from '../../config.ts';
import { shownLines } from '../../legible.ts';
import { pageAddress } from '../../http/page-address.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { Usage } from '../exit-codes.ts';
import { print } from '../output.ts';

export async function output({ args: [run, step], json }: Called<[string, string]>): Promise<void> {
  if (!/^[1-9]\d*$/.test(step)) throw new Usage(`step: expected a step’s number, found ${found(step)}`);
  await withRuns(async ({ runs }) => {
    const made = await runs.output(workflowIdOf(run), Number(step));
    print(json, made, () => shownLines(made?.summary ?? 'This step has no output yet.'));
  });
}

/** Asks nobody: the page itself says whether there is such a run. */
export async function open({ args: [run], json }: Called<[string]>): Promise<void> {
  const url = pageAddress(readConfig().variables, workflowIdOf(run));
  if (url === undefined) throw new Usage('There is no page: the HTTP door is off, and GATEHOUSE_URL is not set.');
  print(json, { url }, () => url);
}

export async function log({ args: [run], json }: Called<[string]>): Promise<void> {
  await withRuns(async ({ runs }) => {
    const entries = await runs.actions(workflowIdOf(run));
    print(json, entries, (each) => each.flatMap(logLines).join('\n') || 'No actions yet.');
  });
}

/** The maximum number of characters shown of a refused input. --json prints all that is kept. */
const TYPED = 500;

function logLines({ at, by, action, verdict, because, input }: ActionEntry): string[] {
  const line = `${at}  ${by ?? 'somebody'}  ${action}  ${verdict}${because ? `: ${because}` : ''}`;
  const typed = verdict === 'refused' && typeof input === 'string' ? input : undefined;
  return typed === undefined
    ? [line]
    : [line, `    what was sent: ${typed.slice(0, TYPED)}${typed.length > TYPED ? '…' : ''}`];
}
