import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChangeReport } from '../contracts/activities.ts';
import type { Text } from '../contracts/facts.ts';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Answer, Parking, Question } from '../gates/gate.ts';
import { cancelSoon, restarting } from '../temporal/background.ts';
import { notWatched, type Watched } from '../words/run.ts';
import { headMovedWhileAsked } from '../words/verdicts.ts';
import { unwatchedTimer, urgentTimer, watchedAgainTimer } from '../words/views/timers.ts';
import type { RunScope, StepScope } from './scope.ts';
import { pollUntilAnswered } from './polls.ts';
import { refreshEnvironment } from './environment.ts';
import { publish, transition } from './transition.ts';

/** What can happen to a parked run besides a person's action. */
interface Events {
  moved: ChangeReport | undefined;
  redraw: boolean;
  /** A watch has a bug: the workflow task fails with it until a fixed worker is deployed. */
  broken?: { failure: unknown };
}

/** Starts what runs in the background of the wait. Returns a function that ends it. */
function beginWatches(
  scope: StepScope,
  events: Events,
  { visit, back, type }: { visit: string; back: boolean; type: NoticeType },
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
  void begin(watching, 'clock', watchClock(scope, visit, type));
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
export async function park<Offer extends ActionName>(
  scope: StepScope,
  ask: () => Question<Offer>,
  notice: { type: NoticeType; text: Text },
  { visit: same = false, edit = () => false, kept = {} }: Parking<Offer> = {},
): Promise<Answer<Offer>> {
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

  const draw = () => transition(state, step, { ...ask(), phase: 'parked', waitingOn: 'person' }, visit);

  step.state = 'waiting';
  run.mailbox.expect((action) => {
    const done = edit(action as HumanAction<Offer>);
    if (done) draw();
    return done;
  });
  run.notices.notify(step, notice.type, notice.text, visit);
  const endWatches = beginWatches(scope, events, { visit, back, type: notice.type });

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
      await condition(
        () => run.mailbox.action !== undefined || !!events.moved || events.redraw || !!events.broken || leaves(run),
      );
      events.redraw = false;
      if (events.broken) throw events.broken.failure;
      if (run.mailbox.action) return run.mailbox.action as Answer<Offer>;
      if (events.moved) {
        run.saw(events.moved);
        return {
          kind: 'moved',
          because: headMovedWhileAsked({ head: events.moved.head, commits: events.moved.foreign }),
        };
      }
      if (leaves(run)) await (run.upgrade.isRecorded() ? run.upgrade.move(step) : run.upgrade.nextTask());
    }
  } finally {
    if (!run.upgrade.leaving) over();
  }
}

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
