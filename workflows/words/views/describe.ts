import type { RunAnswer, WaitingOn } from '../../contracts/reading.ts';
import type { RunState } from '../../contracts/run/state.ts';
import { offersNow } from '../../rules/actions.ts';
import {
  beganAt,
  currentOf,
  failingNow,
  forgeSilent,
  statusOf,
  stepEntry,
  visitsOf,
  whatOf,
} from '../../rules/describe.ts';
import { runEnded } from '../refusals.ts';
import { atWork, pausedBy, whileFailing } from '../run.ts';

/** How many of the failing activities one line names. */
const NAMED = 3;

/** What can wake the run, and what keeps failing meanwhile. */
export function waitingOn(run: RunState): WaitingOn {
  const wait = waitOf(run);
  const failing = failingNow(run).slice(0, NAMED);
  return failing.length === 0 ? wait : { ...wait, detail: whileFailing(wait.detail, failing) };
}

/** What can wake the run, in words. */
export function waitOf(run: RunState): WaitingOn {
  const { since } = run.wait;
  const what = whatOf(run);
  if (run.ending && run.closed) return { what, detail: runEnded({ ending: run.ending }), since, offers: [] };
  const offers = offersNow(run);
  if (run.paused && !run.ending) return { what, detail: pausedBy(run.paused), since, offers };
  const { detail = atWork(), deadline, nextLook = forgeSilent(run)?.nextLook } = run.current ?? {};
  return { what, detail, since, ...(deadline && { deadline }), ...(nextLook && { nextLook }), offers };
}

/** The answer of the query `run`. */
export function describeRun(run: RunState): RunAnswer {
  const [retrying, began] = [failingNow(run), beganAt(run)];
  const { workspace, task, startedBy } = run.input;
  const { estimate } = run;
  const { basis, ...change } = run.change;
  void basis;
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    workspace,
    task: estimate ? { ...task, estimate } : task,
    change: { ...change, ...(run.head && { head: run.head }) },
    pipeline: run.pipeline,
    policy: run.policy,
    ...(startedBy && { startedBy }),
    status: statusOf(run),
    steps: run.steps.map(stepEntry),
    current: currentOf(run),
    waitingOn: waitingOn(run),
    environment: run.environment,
    notices: run.notices,
    usage: run.usage,
    visits: visitsOf(run),
    foreign: run.foreign,
    ...(began && { began }),
    version: run.version,
    ...(retrying.length > 0 && { retrying }),
  };
}
