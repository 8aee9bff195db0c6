import { patched } from '@temporalio/workflow';
import type { Activities, ForeignCommit } from '../contracts/activities.ts';
import { boundedForeign } from '../contracts/run/foreign.ts';
import type { RunState } from '../contracts/run/state.ts';
import { countedAgainst, overtakenBy, type HeadSeen } from '../rules/head.ts';
import type { RunScope, Seen } from '../step/scope.ts';
import { Whereabouts } from '../temporal/elsewhere.ts';
import { activitiesFor } from '../temporal/proxies.ts';
import { FailingActivities } from '../temporal/failing-activities.ts';
import { inWords } from '../words/index.ts';
import type { RowRecord } from '../contracts/run/row.ts';
import { RunBudget } from './budget.ts';
import { Deliveries } from './deliveries.ts';
import { RunMailbox } from './mailbox.ts';
import { RunNotices } from './notices.ts';
import { RunRow } from './row.ts';
import { RunTracker } from './tracker.ts';
import { RunUpgrade } from './upgrade.ts';

/** Somebody merged or closed the change by hand. It ends the run, through every gate. */
export class ChangeOver extends Error {
  constructor(
    readonly how: 'merged' | 'closed',
    readonly mergeCommit?: string,
    readonly note?: string,
  ) {
    super(`The change was ${how} on the forge.`);
  }
}

/** A run while it executes: its state, which is data, and what wakes it, which is not. */
export class LiveRun implements RunScope {
  readonly mailbox: RunMailbox;
  readonly notices: RunNotices;
  readonly budget: RunBudget;
  readonly upgrade: RunUpgrade;
  readonly tracker: RunTracker;
  readonly row: RunRow;
  readonly deliveries = new Deliveries();
  private readonly whereabouts = new Whereabouts();
  readonly failing = new FailingActivities((failing, entry) => this.notices.showFailing(failing, entry));
  restart: number | undefined;
  /** Ends the current step, for `restartFrom`. */
  callOff: () => void = () => undefined;

  /** `input` is what the run was started with, and the next execution starts with it too. `given` is the same as written. */
  constructor(
    readonly state: RunState,
    input: object,
    given: Pick<RowRecord, 'input' | 'of'>,
  ) {
    this.row = new RunRow(state, given);
    this.mailbox = new RunMailbox(state);
    this.notices = new RunNotices(state, this.activities, this.deliveries);
    this.budget = new RunBudget(state);
    this.upgrade = new RunUpgrade(this, input);
    this.tracker = new RunTracker(this);
  }

  activities = (kind: string): Activities => activitiesFor(kind, this.failing.begin, this.row.along, this.whereabouts);

  saw(seen: Seen): void {
    const { state } = this;
    if (seen.head !== undefined && seen.head !== state.head) {
      state.head = seen.head;
      state.headAt = new Date().toISOString();
    }
    const known = new Set(state.foreign.map(({ commit }) => commit));
    const fresh = (seen.foreign ?? []).filter(({ commit }) => !known.has(commit));
    state.foreign = boundedForeign([...state.foreign, ...fresh]);
    this.rejudge(seen, fresh);
    if (seen.base !== undefined) state.change = { ...state.change, base: seen.base };
    if (seen.state === 'merged' || seen.state === 'closed') {
      throw new ChangeOver(seen.state, seen.mergeCommit, seen.note);
    }
  }

  private rejudge(seen: HeadSeen, fresh: readonly ForeignCommit[]): void {
    for (const { judged, state } of this.state.steps) {
      if (!judged) continue;
      const before = state === 'done' ? countedAgainst(fresh, judged) : judged.voided;
      const now = overtakenBy(seen, judged);
      const differs = (before === undefined) !== (now === undefined);
      const voided = differs && !patched('a-yes-holds-for-descendants') ? before : now;
      if (voided === undefined) delete judged.voided;
      else judged.voided = inWords(voided);
    }
  }
}
