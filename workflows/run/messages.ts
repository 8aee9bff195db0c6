import { ApplicationFailure, setDefaultSignalHandler, setHandler, uuid4 } from '@temporalio/workflow';
import {
  actionNames,
  actions,
  environmentReport,
  Hint,
  hintSignal,
  signalOf,
  ALWAYS_AVAILABLE,
  updateOf,
  upgradeSignal,
  type ActionName,
  type HumanAction,
} from '../contracts/messages.ts';
import type { ActionEntry } from '../contracts/reading.ts';
import { retryingSignal } from '../contracts/run/retrying.ts';
import { fingerprint, judgeAction, judgeUnknown, offersNow, type Judgement } from '../rules/actions.ts';
import { BECAUSE_LENGTH, keptInput, LOG_LENGTH, NAME_LENGTH, SEEN_LENGTH, withinInputs } from '../rules/log.ts';
import type { RunState } from '../contracts/run/state.ts';
import type { LiveRun } from './live-run.ts';
import { alwaysAvailable, type AlwaysAvailable, type AlwaysAvailableActions } from './always-available.ts';
import { publish } from '../step/transition.ts';
import { inWords } from '../words/index.ts';
import { actionTaken } from '../words/run.ts';
import { SIGNALS } from '../words/views/handlers.ts';
import { ignoreReservedSignals } from '../temporal/reserved-signals.ts';
import { openQueries } from './queries.ts';

/**
 * Serves queries, signals and updates while the run works. A run that continues a park returns there before it receives
 * anything, so that messages sent between two executions meet the gate that they answer.
 */
export async function serve<T>(live: LiveRun, work: () => Promise<T>): Promise<T> {
  openQueries(() => live.state);
  ignoreReservedSignals();
  if (!live.upgrade.resumed) {
    receiveMessages(live, alwaysAvailable(live));
    return work();
  }
  const { id } = live.upgrade.resumed;
  const always = alwaysAvailable(live);
  const working = work();
  if (live.upgrade.resumed) throw new Error(`The gate of ${id} does not return directly to its park.`);
  receiveMessages(live, always, true);
  return working;
}

/**
 * Takes an action only while it is offered, so nothing is queued unseen. Everything else is refused at once: an update
 * before it reaches history, a signal with an entry in the log.
 */
function receiveMessages(live: LiveRun, always: AlwaysAvailableActions, inOrder = false): void {
  if (inOrder) receiveInOrder(live, always);
  for (const name of actionNames) {
    const { description } = actions[name];
    const judge = (raw: unknown) => judgeAction(name, raw, live.state);
    setHandler(signalOf(name), (raw) => void receive(live, always, name, raw, judge(raw)), { description });
    const update = (raw: unknown) => {
      live.upgrade.answeredUpdate();
      return receive(live, always, name, raw, judge(raw));
    };
    setHandler(updateOf(name), update, {
      description,
      validator: (raw): undefined => refuse(live, judge(raw)),
    });
  }
  setHandler(hintSignal, (raw) => hint(live, raw), { description: SIGNALS.hint('checks') });
  setHandler(environmentReport, (raw) => live.mailbox.environmentReported(raw), {
    description: SIGNALS.betweenWorkflows,
  });
  setHandler(retryingSignal, (raw) => live.failing.receive(raw), { description: SIGNALS.fromWorkers });
  setHandler(upgradeSignal, (raw) => live.upgrade.request.receive(raw), { description: SIGNALS.betweenBuilds });
  setDefaultSignalHandler((name, raw) => {
    if (!name.startsWith('_')) receive(live, always, name, raw, judgeUnknown(name, raw));
  });
}

/**
 * Signals that arrived before their handlers are delivered as those are set, in the handlers' order. This receives them in
 * their own order.
 */
function receiveInOrder(live: LiveRun, always: AlwaysAvailableActions): void {
  setDefaultSignalHandler((name, raw) => {
    if (name === hintSignal.name) hint(live, raw);
    else if (name === environmentReport.name) live.mailbox.environmentReported(raw);
    else if (name === upgradeSignal.name) live.upgrade.request.receive(raw);
    else if (name === retryingSignal.name) live.failing.receive(raw);
    else if (isAction(name)) receive(live, always, name, raw, judgeAction(name, raw, live.state));
    else if (!name.startsWith('_')) receive(live, always, name, raw, judgeUnknown(name, raw));
  });
}

const isAction = (name: string): name is ActionName => actionNames.some((each) => each === name);

function hint(live: LiveRun, raw: unknown): void {
  const { data } = Hint.safeParse(raw);
  if (data) live.mailbox.hint(data.about);
}

/** Logs an action, and performs one that is taken. A repeat is counted, and answered like the first time. */
function receive(
  live: LiveRun,
  always: AlwaysAvailableActions,
  name: string,
  raw: unknown,
  judged: Judgement,
): Pick<ActionEntry, 'actionId' | 'visit'> {
  const actionId = judged.actionId ?? uuid4();
  const answer = { actionId, ...(judged.visit && { visit: judged.visit }) };
  if (judged.is === 'repeat') {
    const entry = live.state.actions.find((each) => each.actionId === actionId);
    if (entry) entry.repeats += 1;
    return answer;
  }
  note(live.state, name, raw, actionId, judged);
  if (judged.is === 'taken') take(live, always, judged.taken, actionId);
  return answer;
}

function note(
  state: RunState,
  name: string,
  raw: unknown,
  actionId: string,
  judged: Exclude<Judgement, { is: 'repeat' }>,
): void {
  const { by, via = 'temporal', visit } = judged;
  const action = name.slice(0, NAME_LENGTH);
  const refusal = judged.is === 'refused' ? { code: judged.code, because: reasonOf(judged) } : {};
  const at = new Date().toISOString();
  const input = keptInput(raw);
  const entry: ActionEntry = {
    actionId,
    action,
    by,
    via,
    at,
    visit,
    verdict: judged.is,
    ...refusal,
    repeats: 0,
    input,
  };
  state.actions = withinInputs([...state.actions, entry].slice(-LOG_LENGTH));
  state.seen = [...state.seen, { id: actionId, action, input: fingerprint(raw), visit }].slice(-SEEN_LENGTH);
}

/** Performs an action on the whole run at once. Others go to the gate that asks. */
function take(live: LiveRun, always: AlwaysAvailableActions, action: HumanAction, actionId: string): void {
  const { state } = live;
  if (isAlwaysAvailable(action)) {
    (always[action.kind] as (action: HumanAction) => void)(action);
    done(state, actionId);
    if (!state.ending) publish(state);
    return;
  }
  const { current } = state;
  state.lastTaken = { by: action.by, action: action.kind, at: new Date().toISOString(), visit: current?.visit };
  if (live.mailbox.handledAtOnce(action)) {
    done(state, actionId);
    return;
  }
  live.mailbox.deliver(action, actionId);
  if (current) {
    const { step, id, kind } = current;
    state.current = {
      step,
      id,
      kind,
      phase: 'working',
      waitingOn: 'timer',
      detail: actionTaken({ action: action.kind }),
    };
  }
}

function done(state: RunState, actionId: string): void {
  const entry = state.actions.findLast((each) => each.actionId === actionId && each.verdict === 'taken');
  if (entry) entry.effect = 'done';
}

/** Refuses an update before it reaches history. A repeat of a refused signal is refused for the same reason. */
function refuse({ state }: LiveRun, judged: Judgement): undefined {
  const first = judged.is === 'repeat' && state.actions.find(({ actionId }) => actionId === judged.actionId);
  const repeated = first && first.verdict === 'refused' ? { code: first.code, because: first.because } : undefined;
  const refusal = judged.is === 'refused' ? { ...judged, because: reasonOf(judged) } : repeated;
  if (!refusal) return undefined;
  const takenBy = 'takenBy' in refusal && refusal.takenBy ? { takenBy: refusal.takenBy } : {};
  throw ApplicationFailure.nonRetryable(refusal.because, 'ActionRefused', {
    code: refusal.code,
    offers: offersNow(state),
    visit: state.current?.visit,
    head: state.head,
    ...takenBy,
  });
}

const reasonOf = ({ because }: Extract<Judgement, { is: 'refused' }>): string =>
  inWords(because).slice(0, BECAUSE_LENGTH);

const isAlwaysAvailable = (action: HumanAction): action is HumanAction<AlwaysAvailable> =>
  ([...ALWAYS_AVAILABLE, 'resume'] as ActionName[]).includes(action.kind);
