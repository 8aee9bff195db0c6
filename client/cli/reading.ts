import type { Command } from 'commander';
import pc from 'picocolors';
import { found } from '../../workflows/contracts/bad-fields.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { STATUSES, type Listed } from '../listing.ts';
import { isJson, withRuns, workflowIdOf } from './context.ts';
import { Usage } from './exit-codes.ts';
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
        print(isJson(list), found, () => tableOf(found) || 'No runs.');
      });
    });

  const inbox = program.command('inbox').description('What waits for a person, oldest first.');
  inbox.action(async () => {
    await withRuns(async ({ runs }) => {
      const found = await runs.inbox();
      print(isJson(inbox), found, () => tableOf(found) || 'Nothing waits for a person.');
    });
  });

  const show = program.command('show <run>').description('The run: its steps, and what it is doing.');
  show.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const workflowId = workflowIdOf(run);
      const [answer, end] = [await runs.run(workflowId), await runs.ended(workflowId)];
      print(isJson(show), { ...answer, end }, () => pageOf(answer));
    });
  });

  const explain = program.command('explain <run>').description('Why the run is where it is, and what can be done.');
  explain.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const workflowId = workflowIdOf(run);
      const [answer, end] = [await runs.run(workflowId), await runs.ended(workflowId)];
      const told = explained(answer, end?.is === 'lost' ? end.message : undefined);
      print(
        isJson(explain),
        { workflowId, waitingOn: answer.waitingOn, current: answer.current, explanation: told },
        () => told.join('\n'),
      );
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
      print(isJson(output), made, () => made?.summary ?? 'This step has made nothing yet.');
    });
  });

  const log = program.command('log <run>').description('Who did what, and what was refused.');
  log.action(async (run: string) => {
    await withRuns(async ({ runs }) => {
      const entries = await runs.actions(workflowIdOf(run));
      print(
        isJson(log),
        entries,
        () =>
          entries
            .map((each) => `${each.at}  ${each.action}  ${each.verdict}${each.because ? `: ${each.because}` : ''}`)
            .join('\n') || 'Nothing yet.',
      );
    });
  });
}

const tableOf = (found: Listed[]): string =>
  found
    .map(({ workflowId, status, temporalStatus, phase, waitingOn, waitingSince }) =>
      [
        workflowId.padEnd(32),
        (status ?? temporalStatus.toLowerCase()).padEnd(8),
        (phase ?? '').padEnd(26),
        (waitingOn ?? '').padEnd(11),
        waitingSince ?? '',
      ]
        .join(' ')
        .trimEnd(),
    )
    .join('\n');

/** In three lines: what it waits for and since when; what ends the wait; what a person can do now. */
export function explained(
  { workflowId, status, waitingOn, current, change }: RunAnswer,
  lost: string | undefined,
): string[] {
  if (waitingOn.what === 'nothing')
    return [`${workflowId} is ${status}.`, lost ?? 'It waits for nothing.', 'Nothing is to be done.'];
  const place = current ? ` at ${current.visit ?? current.id} (${current.phase})` : '';
  const ends = {
    person: 'A person ends the wait, by one of the actions below.',
    checks: `The checks of ${change.branch ?? 'the change'} end it.`,
    agent: 'The agent’s end ends it; its limits end it at the latest.',
    environment: 'The environment coming up, or failing, ends it.',
    forge: 'The next look at the repository ends it.',
    budget:
      'The month’s budget ends it by growing, or with the month; a run’s own, only by a new start with a higher one.',
    timer: 'It goes on by itself.',
    nothing: '',
  }[waitingOn.what];
  return [
    `${workflowId} is ${status}${place}, waiting on ${waitingOn.what} since ${waitingOn.since}: ${waitingOn.detail}`,
    ends,
    `On offer now: ${waitingOn.offers.join(', ') || 'nothing'}.`,
  ];
}

function pageOf(run: RunAnswer): string {
  const head = `${pc.bold(run.workflowId)}  ${run.status}  ${run.task.title}`;
  const where = `${run.change.branch} → ${run.change.base ?? '?'}${run.change.head ? ` at ${run.change.head.slice(0, 8)}` : ''}`;
  const steps = run.steps.map(({ id, state, note, attempts }) => {
    const jobs = attempts.length > 0 ? `  (${attempts.length} ${attempts.length === 1 ? 'job' : 'jobs'})` : '';
    return `  ${id.padEnd(20)} ${state.padEnd(8)} ${note ?? ''}${jobs}`.trimEnd();
  });
  const site = run.environment ? [`environment: ${run.environment.status} ${run.environment.url ?? ''}`.trimEnd()] : [];
  return [head, where, ...steps, ...site, ...explained(run, undefined)].join('\n');
}
