import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChangeLook } from '../contracts/activities.ts';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Answer, Parking, Question } from '../gates/gate.ts';
import { keptUp } from './beside.ts';
import type { Desk } from './desk.ts';
import { asking } from './looks.ts';
import type { LiveRun } from './run.ts';
import { lookAtSite } from './site.ts';
import { publish, transition } from './windows.ts';

/** What may happen to a parked run besides a person's answer. */
interface Events {
  moved: ChangeLook | undefined;
  redraw: boolean;
  /** A watch has a bug: the task fails with it, and a mended worker takes it on. */
  broken?: { failure: unknown };
}

/** What goes on beside the wait, until it is over. */
function beginWatches(
  scope: CancellationScope,
  desk: Desk,
  events: Events,
  { visit, back, type }: { visit: string; back: boolean; type: NoticeType },
): void {
  const { live, step } = desk;
  const watches = {
    'The work branch': watchHead(desk, events),
    'The environment': watchSite(desk, events, back),
    'The time': watchClock(desk, visit, type),
  };
  for (const [what, watch] of Object.entries(watches)) {
    const tell = (because: string) => {
      const text = `${what} cannot be watched: ${because}. It is tried again every minute.`;
      live.telling.notify(step, 'keeps_failing', text, visit);
    };
    void scope
      .run(() => keptUp(watch, tell, `${step.kind}: it is watched anew`))
      .catch((failure: unknown) => {
        // Runs that began before watches were begun anew go on without one.
        if (!isCancellation(failure) && !(failure instanceof ActivityFailure)) events.broken = { failure };
      });
  }
}

/**
 * Waits for a person, without limit. Meanwhile the change and its environment are watched: a moved head ends this
 * visit, a new state of the environment only redraws it, and a wait that grows long becomes urgent, once.
 */
export async function park<Offer extends ActionName>(
  desk: Desk,
  ask: () => Question<Offer>,
  notice: { type: NoticeType; text: string },
  { visit: same = false, edit = () => false, kept = {} }: Parking<Offer> = {},
): Promise<Answer<Offer>> {
  const { live, step } = desk;
  const { state } = live;
  const back = live.resumed === step;
  live.resumed = undefined;
  if (!back) live.settleEffect('done');
  if (!back && (!same || step.visits === 0)) step.visits += 1;
  const visit = `${step.id}#${step.visits}`;
  const since = (back && step.parked?.since) || new Date().toISOString();
  step.parked = { since, kept };
  const events: Events = { moved: undefined, redraw: false };

  const draw = () => transition(state, step, { ...ask(), phase: 'parked', waitingOn: 'person' }, visit);

  step.state = 'waiting';
  live.taken = undefined;
  live.onTheSpot = (action) => {
    const done = edit(action as HumanAction<Offer>);
    if (done) draw();
    return done;
  };
  live.telling.notify(step, notice.type, notice.text, visit);
  const scope = new CancellationScope();
  beginWatches(scope, desk, events, { visit, back, type: notice.type });

  const over = () => {
    scope.cancel();
    step.waitedMs += Date.now() - Date.parse(since);
    step.state = 'working';
    delete step.parked;
    live.taken = undefined;
    live.onTheSpot = undefined;
    live.telling.clear(visit);
  };
  try {
    for (;;) {
      draw();
      await condition(
        () => live.taken !== undefined || !!events.moved || events.redraw || !!events.broken || leaves(live),
      );
      events.redraw = false;
      if (events.broken) throw events.broken.failure;
      if (live.taken) return live.taken as Answer<Offer>;
      if (events.moved) {
        live.saw(events.moved);
        return { kind: 'moved', because: movedBy(events.moved) };
      }
      if (leaves(live)) await (live.onRecord() ? live.goOn(step) : live.nextTask());
    }
  } finally {
    if (!live.leaving) over();
  }
}

/**
 * Whether the wait goes on in another execution, at this very visit: a newer build asks, or the history has grown too
 * long. What a person has said comes first.
 */
const leaves = (live: LiveRun): boolean =>
  live.moves() || (workflowInfo().continueAsNewSuggested && live.atEase() && patched('goes-on-as-new-while-parked'));

/** Looks at the change for as long as the person thinks: who else commits, merges or closes it ends the visit. */
const watchHead =
  ({ live, activities }: Desk, events: Events) =>
  async () => {
    const { change, head } = live.state;
    if (head === undefined) return;
    events.moved = await asking(
      () => live.hints.change,
      () => activities.changeMoved({ change, known: head }),
    );
  };

/** A report of the environment is no fact: it makes the run look. So does coming back, for reports may have been missed. */
const watchSite = (desk: Desk, events: Events, back: boolean) => async () => {
  const { live } = desk;
  for (let heard = back ? -1 : live.reports; ;) {
    await condition(() => live.reports > heard);
    const before = live.reports;
    events.redraw = await lookAtSite(desk);
    // What is reported while it looks is looked at once more.
    heard = before !== live.reports && patched('reports-count-while-it-looks') ? before : live.reports;
  }
};

const watchClock =
  ({ live, step }: Desk, visit: string, type: NoticeType) =>
  async () => {
    const id = `${visit}/${type}`;
    const told = live.state.notices.find((notice) => notice.id === id);
    const due = Date.parse(told?.at ?? new Date().toISOString()) + live.state.policy.escalateAfterMinutes * 60_000;
    if (due > Date.now()) await sleep(due - Date.now(), { summary: `${step.kind}: the wait becomes urgent` });
    live.telling.escalate(step, id);
    publish(live.state);
  };

const movedBy = ({ head, foreign }: ChangeLook): string => {
  const [first] = foreign;
  const who = first ? ` by ${first.author}` : '';
  return `Commit ${head?.slice(0, 8) ?? 'none'}${who} came in while a person was asked.`;
};
