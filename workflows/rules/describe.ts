import { z } from 'zod';
import type { Began } from '../contracts/closed-run.ts';
import { actions, type ActionName } from '../contracts/messages.ts';
import {
  StepEntry,
  type CurrentAnswer,
  type RunAnswer,
  type Shown,
  type Status,
  type WaitingOn,
} from '../contracts/reading.ts';
import type { Retrying } from '../contracts/retrying.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { offersNow } from './actions.ts';

export const statusOf = (run: RunState): Status => {
  if (run.ending && run.closed) return run.ending;
  if (run.ending) return 'running';
  if (run.paused || run.current?.waitingOn === 'budget') return 'paused';
  return run.current?.phase === 'parked' ? 'parked' : 'running';
};

/** What can wake the run, and what keeps failing meanwhile. */
export function waitingOn(run: RunState): WaitingOn {
  const wait = waitOf(run);
  const failing = failingNow(run).slice(0, SHOWN).map(retryingText);
  if (failing.length === 0) return wait;
  const ended = /[.!?…]$/.test(wait.detail) ? '' : '.';
  return { ...wait, detail: `${wait.detail}${ended} Failing: ${failing.join(' ')}` };
}

/** So much of what fails is told in one line. */
const SHOWN = 3;

/** What keeps failing. That of an environment counts for as long as there is one. */
export const failingNow = ({ retrying = [], environment, closed }: RunState): Retrying[] =>
  closed ? [] : retrying.filter((each) => !each.environment || (environment && environment.status !== 'gone'));

/** One thing that fails again and again, as people are told of it. */
export function retryingText({ activity, about, failures, since, message }: Retrying): string {
  const often = failures === 1 ? 'once' : `${failures} times in a row`;
  const reason = message.slice(0, 300).replace(/\.$/, '');
  return `${reason} (${about ?? activity}: failed ${often} since ${since}; it is tried again).`;
}

/** A run that a person holds waits for a person, whatever else goes on. */
export function waitOf(run: RunState): WaitingOn {
  const { since } = run.wait;
  if (run.ending && run.closed) return { what: 'nothing', detail: `The run is ${run.ending}.`, since, offers: [] };
  const offers = offersNow(run);
  if (run.paused && !run.ending) {
    const { by, reason } = run.paused;
    const detail = `${by ?? 'A person'} paused the run${reason ? `: ${reason}` : '.'} It goes on with resume.`;
    return { what: 'person', detail, since, offers };
  }
  const { waitingOn: what = 'timer', detail = 'The run is at work.', deadline } = run.current ?? {};
  return { what, detail, since, ...(deadline && { deadline }), offers };
}

/** A step as people read it: without what only the run needs to go on. */
export const stepEntry = (record: StepRecord): StepEntry =>
  Object.fromEntries(
    TOLD.flatMap((key) => (record[key] === undefined ? [] : [[key, record[key]]])),
  ) as unknown as StepEntry;

const TOLD = Object.keys(StepEntry.shape) as (keyof StepEntry)[];

export const visitsOf = (run: RunState): Record<string, number> =>
  Object.fromEntries(run.steps.filter(({ visits }) => visits > 0).map(({ id, visits }) => [id, visits]));

/** Nothing: the world has not been looked at yet, or was by a build that did not note it. */
export const beganAt = ({ repository, change: { basis } }: RunState): Began | undefined =>
  repository === undefined ? undefined : { repository, basis };

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

function currentOf(run: RunState): CurrentAnswer | null {
  if (run.closed || !run.current) return null;
  const { waitingOn: what, detail, offers, deadline, ...current } = run.current;
  void [what, detail, offers, deadline];
  const failing = current.failing?.map(({ name, conclusion, url }) => ({ name, conclusion, ...(url && { url }) }));
  return {
    ...current,
    ...(failing && { failing }),
    offers: offersNow(run).map((action) => ({ action, label: actions[action].label, fields: formOf(action, run) })),
  };
}

/** What only the moment knows of an action's input: which question is open, which finding can be spoken of. */
export function askedNow(action: ActionName, current: Pick<Shown, 'decision' | 'findings'> | undefined | null): object {
  const { decision, findings } = current ?? {};
  if (action === 'decide' && decision) return { decision: decision.id, choice: decision.options[0] };
  if (!Object.hasOwn(actions[action].sample, 'finding')) return {};
  const fitting = findings?.find(({ status, recommendation }) =>
    action.endsWith('Recommendation')
      ? recommendation?.status === 'open'
      : action === 'reopenFinding'
        ? status !== 'open'
        : status === 'open',
  );
  return fitting ? { finding: fitting.id } : {};
}

const forms = new Map<ActionName, Record<string, unknown>>();

/** The JSON Schema of an action's input; what only the moment knows, such as the options of a question, is filled in. */
function formOf(action: ActionName, run: RunState): unknown {
  if (!forms.has(action)) {
    const { $schema, ...schema } = z.toJSONSchema(actions[action].input, { io: 'input' }) as Record<string, unknown>;
    void $schema;
    forms.set(action, schema);
  }
  const form = forms.get(action)!;
  const properties = form['properties'] as Record<string, object>;
  const { decision } = run.current ?? {};
  if (action === 'decide' && decision) {
    const choice = { ...properties['choice'], enum: decision.options };
    return { ...form, properties: { ...properties, decision: { const: decision.id }, choice } };
  }
  if (action !== 'restartFrom') return form;
  return { ...form, properties: { ...properties, step: { ...properties['step'], maximum: run.steps.length } } };
}
