import type { Command } from 'commander';
import pc from 'picocolors';
import { found } from '../../workflows/contracts/bad-fields.ts';
import type { ActionEntry, RunAnswer } from '../../workflows/contracts/reading.ts';
import { STATUSES, type Listed } from '../listing.ts';
import type { Read } from '../runs.ts';
import { shown, shownLines } from '../legible.ts';
import { isJson, withRuns, workflowIdOf } from './context.ts';
import { Usage } from './exit-codes.ts';
import { detailOf, explained } from './explaining.ts';
import { print } from './output.ts';

/** Commands that only look. */
export function addReading(program: Command): void {
  const list = program.command('list').description('Runs, newest first.');
  list
    .option('--waiting', 'only what waits for a person')
    .option('--status <status>', `only of this status: ${STATUSES.join(', ')}`)
    .action(async ({ waiting, status: named }: { waiting?: boolean; status?: string }) => {
      const status = STATUSES.find((each) => each === named);
      if (status !== named) throw new Usage(`--status: expected one of ${STATUSES.join(', ')}, found ${found(named)}`);
      await withRuns(async ({ runs }) => {
        const found = await runs.list({ waiting: waiting === true, status });
        print(isJson(list), found, (runs) => tableOf(runs) || 'No runs.');
      });
    });

  const inbox = program.command('inbox').description('What waits for a person, oldest first.');
  inbox.action(async () => {
    await withRuns(async ({ runs }) => {
      const found = await runs.inbox();
      print(isJson(inbox), found, (runs) => tableOf(runs) || 'Nothing waits for a person.');
    });
  });

  const show = program.command('show <run>').description('The run: its steps, and what it is doing.');
  show.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const read = await runs.read(workflowIdOf(run));
      if (isJson(show)) return print(true, { ...read.run, waitingOn: waitOf(read), end: read.end }, String);
      print(false, read, pageOf);
    });
  });

  const explain = program.command('explain <run>').description('Why the run is where it is, and what can be done.');
  explain.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const read = await runs.read(workflowIdOf(run));
      const { workflowId, current = null } = read.run;
      if (!isJson(explain)) return print(false, read, (each) => explained(each).join('\n'));
      print(true, { workflowId, waitingOn: waitOf(read), current, explanation: explained(shown(read)) }, String);
    });
  });
  addDetails(program);
}

/** Commands that look at one part of a run. */
function addDetails(program: Command): void {
  const output = program.command('output <run> <step>').description('What a step made, in full.');
  output.action(async (run: string, step: string) => {
    if (!/^[1-9]\d*$/.test(step)) throw new Usage(`step: expected a step’s number, found ${found(step)}`);
    await withRuns(async ({ runs }) => {
      const made = await runs.output(workflowIdOf(run), Number(step));
      print(isJson(output), made, () => shownLines(made?.summary ?? 'This step has made nothing yet.'));
    });
  });

  const log = program.command('log <run>').description('Who did what, and what was refused.');
  log.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const entries = await runs.actions(workflowIdOf(run));
      print(isJson(log), entries, (each) => each.flatMap(logLines).join('\n') || 'Nothing yet.');
    });
  });
}

/** So much is shown of what was typed and refused, in characters: --json has all that is kept. */
const TYPED = 500;

function logLines({ at, by, action, verdict, because, input }: ActionEntry): string[] {
  const line = `${at}  ${by ?? 'somebody'}  ${action}  ${verdict}${because ? `: ${because}` : ''}`;
  const typed = verdict === 'refused' && typeof input === 'string' ? input : undefined;
  return typed === undefined
    ? [line]
    : [line, `    what was sent: ${typed.slice(0, TYPED)}${typed.length > TYPED ? '…' : ''}`];
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
  const site = environment ? [`environment: ${environment.status} ${environment.url ?? ''}`.trimEnd()] : [];
  return [head, ...(where ? [where] : []), ...lines, ...site, ...explained(read)].join('\n');
}

/** A run that the server has ended is called what the server calls it. */
const endOf = ({ end }: Read): string | undefined =>
  end.is === 'lost' && isCutOff(end.status) ? serverWord(end.status) : undefined;

const isCutOff = (temporalStatus: string): boolean => temporalStatus === 'TERMINATED' || temporalStatus === 'TIMED_OUT';
const serverWord = (temporalStatus: string): string => temporalStatus.toLowerCase().replace('_', ' ');

/** What fails right now belongs to what the run waits on, also where the run has not been told of it yet. */
const waitOf = ({ run: { waitingOn }, pending }: Read): RunAnswer['waitingOn'] => ({
  ...waitingOn,
  detail: detailOf(waitingOn, pending),
});
