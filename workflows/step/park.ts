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
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Answer, Parking, Question } from '../gates/gate.ts';
import { cancelSoon, restarting } from '../temporal/background.ts';
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
  const begin = async (within: CancellationScope, what: string, watch: () => Promise<void>) => {
    const report = (because: string) => {
      const text = `${what} cannot be watched: ${because}. It is tried again every minute.`;
      if (!ended.all) run.notices.notify(step, 'keeps_failing', text, visit);
    };
    try {
      await within.run(() => restarting(watch, report, `${step.kind}: it is watched anew`));
    } catch (failure) {
      // Runs that started before watches were restarted continue without one.
      if (!isCancellation(failure) && !(failure instanceof ActivityFailure)) events.broken = { failure };
    }
  };
  const head = begin(answersFirst ? watchingHead : watching, 'The work branch', watchHead(scope, events));
  void head.then(() => (ended.head = true));
  void begin(watching, 'The environment', watchEnvironment(scope, events, back));
  void begin(watching, 'The time', watchClock(scope, visit, type));
  return () => {
    ended.all = true;
    watching.cancel();
    if (!answersFirst || ended.head) return;
    run.retries.abandon('changeMoved');
    cancelSoon(watchingHead, `${step.kind}: the work branch is no longer watched`);
  };
}

/**
 * Waits for a person, without a limit. Meanwhile it watches the change and its environment: a moved head ends this visit, a
 * new status of the environment only redraws it, and a long wait becomes urgent once.
 */
export async function park<Offer extends ActionName>(
  scope: StepScope,
  ask: () => Question<Offer>,
  notice: { type: NoticeType; text: string },
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
        return { kind: 'moved', because: movedBy(events.moved) };
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

/** Watches the change while the person decides. A commit, a merge or a close by somebody else ends the visit. */
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
  for (let heard = back ? -1 : run.mailbox.environment.reports; ;) {
    await condition(() => run.mailbox.environment.reports > heard);
    const before = run.mailbox.environment.reports;
    events.redraw = await refreshEnvironment(scope);
    // A report that arrived during the read causes another read.
    heard =
      before !== run.mailbox.environment.reports && patched('reports-count-while-it-looks')
        ? before
        : run.mailbox.environment.reports;
  }
};

const watchClock =
  ({ run, step }: StepScope, visit: string, type: NoticeType) =>
  async () => {
    const id = `${visit}/${type}`;
    const told = run.state.notices.find((notice) => notice.id === id);
    const due = Date.parse(told?.at ?? new Date().toISOString()) + run.state.policy.escalateAfterMinutes * 60_000;
    if (due > Date.now()) await sleep(due - Date.now(), { summary: `${step.kind}: the wait becomes urgent` });
    run.notices.escalate(step, id);
    publish(run.state);
  };

const movedBy = ({ head, foreign }: ChangeReport): string => {
  const [first] = foreign;
  const who = first ? ` by ${first.author}` : '';
  return `Commit ${head?.slice(0, 8) ?? 'none'}${who} came in while a person was asked.`;
};
