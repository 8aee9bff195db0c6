import { z } from 'zod';
import type { Began } from '../contracts/change.ts';
import { actions, type ActionName } from '../contracts/messages.ts';
import { StepEntry, type CurrentAnswer, type Shown, type Status, type WaitingOn } from '../contracts/reading.ts';
import type { Retrying } from '../contracts/run/retrying.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';
import { offersNow } from './actions.ts';
import { pick } from './picking.ts';

export const statusOf = (run: RunState): Status => {
  if (run.ending && run.closed) return run.ending;
  if (run.ending) return 'running';
  if (run.paused || run.current?.waitingOn === 'budget') return 'paused';
  const { phase, visit } = run.current ?? {};
  return phase === 'parked' || visit !== undefined ? 'parked' : 'running';
};

/** The kind of event that can wake the run. A paused run waits for a person, whatever else happens. */
export const whatOf = (run: RunState): WaitingOn['what'] => {
  if (run.ending && run.closed) return 'nothing';
  if (run.paused && !run.ending) return 'person';
  return forgeSilent(run) ? 'forge' : (run.current?.waitingOn ?? 'timer');
};

/**
 * The failing activity because of which the run waits on the forge, if it does. A person can answer while the forge cannot, and
 * a budget has nothing to do with it.
 */
export function forgeSilent(run: RunState): Retrying | undefined {
  const { visit, waitingOn } = run.current ?? {};
  if (visit !== undefined || waitingOn === 'person' || waitingOn === 'budget') return undefined;
  return failingNow(run).find(({ forge }) => forge);
}

/** What keeps failing. That of an environment counts for as long as there is one. */
export const failingNow = ({ retrying = [], environment, closed }: RunState): Retrying[] =>
  closed ? [] : retrying.filter((each) => !each.environment || (environment && environment.status !== 'gone'));

/** A step as people read it, without what only the run needs. */
export const stepEntry = (record: StepRecord): StepEntry => pick(record, SHOWN);

const SHOWN = StepEntry.keyof().options;

export const visitsOf = (run: RunState): Record<string, number> =>
  Object.fromEntries(run.steps.filter(({ visits }) => visits > 0).map(({ id, visits }) => [id, visits]));

/** Nothing before the repository was examined, or where an old build did not record it. */
export const beganAt = ({ repository, change: { basis } }: RunState): Began | undefined =>
  repository === undefined ? undefined : { repository, basis };

/** What a run does now, with the form of each offered action. */
export function currentOf(run: RunState): CurrentAnswer | null {
  if (run.closed || !run.current) return null;
  const { waitingOn: what, detail, offers, deadline, nextLook, since, ...current } = run.current;
  void [what, detail, offers, deadline, nextLook, since];
  const failing = current.failing?.map(({ name, conclusion, url }) => ({ name, conclusion, ...(url && { url }) }));
  return {
    ...current,
    ...(failing && { failing }),
    offers: offersNow(run).map((action) => ({ action, label: actions[action].label, fields: formOf(action, run) })),
  };
}

/** The part of an action's input that depends on the moment: the open question, or a finding that the action fits. */
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

/** The JSON Schema of an action's input, with what depends on the moment, such as the options of a question. */
function formOf(action: ActionName, run: RunState): unknown {
  if (!forms.has(action)) {
    const schema = z.toJSONSchema(actions[action].input, { io: 'input' });
    // The way in is not for people to fill in.
    delete schema.properties?.['via'];
    delete schema.$schema;
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
