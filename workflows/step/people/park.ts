import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChangeReport } from '../../contracts/activities.ts';
import type { Text } from '../../contracts/facts.ts';
import type { ActionName, HumanAction } from '../../contracts/messages.ts';
import type { NoticeType } from '../../contracts/notices.ts';
import type { Answer, Parking, Question } from '../../gates/gate.ts';
import { cancelSoon, restarting } from '../../temporal/background.ts';
import { notWatched, type Watched } from '../../words/run.ts';
import { headMovedWhileAsked, retargetedWhileAsked } from '../../words/verdicts.ts';
import { unwatchedTimer, urgentTimer, watchedAgainTimer } from '../../words/views/timers.ts';
import type { RunScope, StepScope } from '../scope.ts';
import { pollUntilAnswered } from '../polls.ts';
import { refreshEnvironment } from './environment.ts';
import { publish, transition } from '../transition.ts';

/** What can happen to a parked run besides a person's action. */
interface Events {
  moved: ChangeReport | undefined;
  redraw: boolean;
  /** What ended the park besides a person. */
  settled?: { value: unknown };
  /** A watch has a bug: the workflow task fails with it until a fixed worker is deployed. */
  broken?: { failure: unknown };
}

/** Starts what runs in the background of the wait. Returns a function that ends it. */
function beginWatches(
  scope: StepScope,
  events: Events,
  { visit, back, type }: { visit: string; back: boolean; type: NoticeType | undefined },
): () => void {
  const { run, step } = scope;
  const [watching, watchingHead] = [new CancellationScope(), new CancellationScope()];
  const answersFirst = patched('an-answer-comes-before-the-end-of-its-watch');
  const ended = { head: false, all: false };
  const begin = async (within: CancellationScope, what: Watched, watch: () => Promise<void>) => {
    const report = (because: string) => {
      if (!ended.all) run.notices.notify(step, 'keeps_failing', notWatched({ what, because }), visit);
    };
    try {
      await within.run(() => restarting(watch, report, watchedAgainTimer(step.kind)));
    } catch (failure) {
      // Runs that started before watches were restarted continue without one.
      if (!isCancellation(failure) && !(failure instanceof ActivityFailure)) events.broken = { failure };
    }
  };
  const head = begin(answersFirst ? watchingHead : watching, 'branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
  void begin(watching, 'environment', watchEnvironment(scope, events, back));
  if (type) void begin(watching, 'clock', watchClock(scope, visit, type));
  return () => {
    ended.all = true;
    watching.cancel();
    if (!answersFirst || ended.head) return;
    run.failing.abandon('changeMoved');
    cancelSoon(watchingHead, unwatchedTimer(step.kind));
  };
}

/**
 * Waits for a person, without a limit. Meanwhile it watches the change and its environment: a moved head ends this visit, a
 * new status of the environment only redraws it, and a long wait becomes urgent once.
 */
export async function park<Offer extends ActionName, Value = never>(
  scope: StepScope,
  ask: () => Question<Offer>,
  notice: { type: NoticeType; text: Text } | undefined,
  { visit: same = false, edit = () => false, kept = {}, until }: Parking<Offer, Value> = {},
): Promise<Answer<Offer, Value>> {
  const { run, step } = scope;
  const { state } = run;
  const back = run.upgrade.resumed === step;
  run.upgrade.resumed = undefined;
  if (!back) run.mailbox.settleEffect('done');
  if (!back && (!same || step.visits === 0)) step.visits += 1;
  const visit = `${step.id}#${step.visits}`;
  const since = (back && step.parked?.since) || new Date().toISOString();
  step.parked = { since, kept };
  const events: Events = { moved: undefined, redraw: false };

  const draw = () => transition(state, step, { phase: 'parked', waitingOn: 'person', ...ask() }, visit);

  step.state = 'waiting';
  run.mailbox.expect((action) => {
    const done = edit(action as HumanAction<Offer>);
    if (done) draw();
    return done;
  });
  if (notice) run.notices.notify(step, notice.type, notice.text, visit);
  const endWatches = beginWatches(scope, events, { visit, back, type: notice?.type });
  const callOff = until && beginUntil(events, until);

  const over = () => {
    endWatches();
    step.waitedMs += Date.now() - Date.parse(since);
    step.state = 'working';
    delete step.parked;
    run.mailbox.close();
    run.notices.clear(visit);
  };
  try {
    for (;;) {
      draw();
      await condition(() => hasHappened(run, events) || leaves(run));
      events.redraw = false;
      if (run.mailbox.action || events.moved) await callOff?.();
      const answer = answerOf(run, events);
      if (answer) return answer as Answer<Offer, Value>;
      if (leaves(run)) await (run.upgrade.isRecorded() ? run.upgrade.move(step) : run.upgrade.nextTask());
    }
  } catch (failure) {
    if (!callOff || run.upgrade.leaving || !isCancellation(failure)) throw failure;
    // The run was cancelled. What is done nevertheless counts.
    await callOff();
    if (!events.settled) throw failure;
    return settledAnswer(run, events.settled) as Answer<Offer, Value>;
  } finally {
    if (!run.upgrade.leaving) over();
  }
}

const hasHappened = ({ mailbox }: RunScope, { moved, settled, redraw, broken }: Events): boolean =>
  mailbox.action !== undefined || !!moved || !!settled || redraw || !!broken;

/** How the park ends, if it does: what was waited for comes first, then a person. */
function answerOf(run: RunScope, { moved, settled, broken }: Events) {
  if (broken) throw broken.failure;
  if (settled) return settledAnswer(run, settled);
  if (run.mailbox.action) return run.mailbox.action;
  if (!moved) return undefined;
  run.saw(moved);
  return { kind: 'moved', because: movedWhileAsked(moved) } as const;
}

/** What ended the park. An action that came too late has no effect. */
function settledAnswer(run: RunScope, { value }: { value: unknown }) {
  if (run.mailbox.action) run.mailbox.settleEffect('failed');
  return { kind: 'settled', value } as const;
}

/** Begins what ends the park besides a person. Returns a function that calls it off, and waits until that is known. */
function beginUntil(events: Events, until: () => Promise<unknown>): () => Promise<void> {
  const scope = new CancellationScope();
  const working = scope.run(until).then(
    (value) => void (events.settled = { value }),
    (failure: unknown) => {
      if (!isCancellation(failure)) events.broken = { failure };
    },
  );
  return async () => {
    scope.cancel();
    await working;
  };
}

const movedWhileAsked = ({ head, foreign, base }: ChangeReport): string =>
  base === undefined ? headMovedWhileAsked({ head, commits: foreign }) : retargetedWhileAsked({ base });

/**
 * Whether the wait continues in another execution, at the same visit: a newer build asks for it, or the history has grown
 * too long. A person's action comes first.
 */
const leaves = (run: RunScope): boolean =>
  run.upgrade.isDue() ||
  (workflowInfo().continueAsNewSuggested && run.upgrade.isSafe() && patched('goes-on-as-new-while-parked'));

/** Watches the change while the person decides. A commit of others, a merge or a close ends the visit. */
const watchHead =
  ({ run, activities }: StepScope, events: Events) =>
  async () => {
    const { change, head } = run.state;
    if (head === undefined) return;
    events.moved = await pollUntilAnswered(
      () => run.mailbox.hints.change,
      () => activities.changeMoved({ change, known: head }),
    );
  };

/**
 * A report of the environment only makes the run read its status. So does resuming, because reports may have been missed.
 */
const watchEnvironment = (scope: StepScope, events: Events, back: boolean) => async () => {
  const { run } = scope;
  for (let seen = back ? -1 : run.mailbox.environment.reports; ;) {
    await condition(() => run.mailbox.environment.reports > seen);
    const before = run.mailbox.environment.reports;
    events.redraw = await refreshEnvironment(scope);
    // A report that arrived during the read causes another read.
    seen =
      before !== run.mailbox.environment.reports && patched('reports-count-while-it-looks')
        ? before
        : run.mailbox.environment.reports;
  }
};

const watchClock =
  ({ run, step }: StepScope, visit: string, type: NoticeType) =>
  async () => {
    const id = `${visit}/${type}`;
    const sent = run.state.notices.find((notice) => notice.id === id);
    const due = Date.parse(sent?.at ?? new Date().toISOString()) + run.state.policy.escalateAfterMinutes * 60_000;
    if (due > Date.now()) await sleep(due - Date.now(), { summary: urgentTimer(step.kind) });
    run.notices.escalate(step, id);
    publish(run.state);
  };
