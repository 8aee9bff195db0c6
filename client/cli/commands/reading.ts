import pc from 'picocolors';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import { shown } from '../../legible.ts';
import { STATUSES, type Listed } from '../../listing.ts';
import { pageAddress } from '../../http/page-address.ts';
import type { Read } from '../../runs.ts';
import type { Called } from '../called.ts';
import { withRuns, workflowIdOf } from '../context.ts';
import { Usage } from '../exit-codes.ts';
import { print } from '../output.ts';
import { detailOf, explained } from '../texts/explaining.ts';

export async function list({ options, json }: Called<[], { waiting?: boolean; status?: string }>): Promise<void> {
  const status = STATUSES.find((each) => each === options.status);
  if (status !== options.status) {
    throw new Usage(`--status: expected one of ${STATUSES.join(', ')}, found ${found(options.status)}`);
  }
  await withRuns(async ({ runs }) => {
    const listed = await runs.list({ waiting: options.waiting === true, status });
    print(json, listed, (each) => tableOf(each) || 'No runs.');
  });
}

export async function inbox({ json }: Called): Promise<void> {
  await withRuns(async ({ runs }) => {
    print(json, await runs.inbox(), (each) => tableOf(each) || 'Nothing waits for a person.');
  });
}

export async function show({ args: [run], json }: Called<[string]>): Promise<void> {
  await withRuns(async ({ runs }) => {
    const read = await runs.read(workflowIdOf(run));
    if (json) print(true, { ...read.run, waitingOn: waitOf(read), end: read.end, ...sourceOf(read) }, String);
    else print(false, read, pageOf);
  });
}

export async function explain({ args: [run], json }: Called<[string]>): Promise<void> {
  await withRuns(async ({ runs, config }) => {
    const read = await runs.read(workflowIdOf(run));
    const { workflowId, current = null } = read.run;
    const page = config.variables.GATEHOUSE_URL && pageAddress(config.variables, workflowId);
    const more = page ? [`Its page: ${page}`] : [];
    if (!json) return print(false, read, (each) => [...explained(each), ...more].join('\n'));
    print(
      true,
      { workflowId, waitingOn: waitOf(read), current, explanation: explained(shown(read)), ...sourceOf(read) },
      String,
    );
  });
}

const tableOf = (found: Listed[]): string =>
  found
    .map(({ workflowId, status, temporalStatus, phase, waitingOn, waitingSince }) =>
      [
        workflowId.padEnd(32),
        (isCutOff(temporalStatus) ? serverWord(temporalStatus) : (status ?? serverWord(temporalStatus))).padEnd(8),
        (phase ?? '').padEnd(26),
        (waitingOn ?? '').padEnd(11),
        waitingSince ?? '',
      ]
        .join(' ')
        .trimEnd(),
    )
    .join('\n');

function pageOf(read: Read): string {
  const { workflowId, task, status, change, steps = [], environment } = read.run;
  const head = `${pc.bold(workflowId)}  ${endOf(read) ?? status}${task ? `  ${task.title}` : ''}`;
  const where =
    change && `${change.branch} → ${change.base ?? '?'}${change.head ? ` at ${change.head.slice(0, 8)}` : ''}`;
  const lines = steps.map(({ id, state, note, attempts }) => {
    const jobs = attempts.length > 0 ? `  (${attempts.length} ${attempts.length === 1 ? 'job' : 'jobs'})` : '';
    return `  ${id.padEnd(20)} ${state.padEnd(8)} ${note ?? ''}${jobs}`.trimEnd();
  });
  const preview = environment ? [`environment: ${environment.status} ${environment.url ?? ''}`.trimEnd()] : [];
  return [head, ...(where ? [where] : []), ...lines, ...preview, ...explained(read)].join('\n');
}

const sourceOf = ({ source }: Read) => (source ? { source } : {});

/** The server's status for a run that it has ended. */
const endOf = ({ end }: Read): string | undefined =>
  end.is === 'lost' && isCutOff(end.status) ? serverWord(end.status) : undefined;

const isCutOff = (temporalStatus: string): boolean => temporalStatus === 'TERMINATED' || temporalStatus === 'TIMED_OUT';
const serverWord = (temporalStatus: string): string => temporalStatus.toLowerCase().replace('_', ' ');

/** What the run waits on, and which activities fail right now. The run itself may not know that yet. */
const waitOf = ({ run: { waitingOn }, pending }: Read): RunAnswer['waitingOn'] => ({
  ...waitingOn,
  detail: detailOf(waitingOn, pending),
});
