import type { Activities, ForeignCommit } from '../contracts/activities.ts';
import type { Text } from '../contracts/facts.ts';
import type { HintAbout, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Along } from '../contracts/run/row.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';

/** What a step needs while it runs: the run, its own record, and its activities. */
export interface StepScope {
  readonly run: RunScope;
  readonly step: StepRecord;
  readonly activities: Activities;
}

export const scopeFor = (run: RunScope, step: StepRecord): StepScope => ({
  run,
  step,
  activities: run.activities(step.kind),
});

/** What a step needs of its run. `run/` implements it. */
export interface RunScope {
  readonly state: RunState;
  readonly mailbox: Mailbox;
  readonly notices: Notices;
  readonly budget: Budget;
  readonly upgrade: Upgrade;
  readonly tracker: Tracker;
  /** What a local activity carries for the run’s row. */
  readonly row: { whole(): Along };
  /** Forgets the failures of an activity, because the run no longer waits for it. */
  readonly failing: { abandon(activity: keyof Activities): void };
  /** The number of the step from which a person wants the run started over. */
  readonly restart: number | undefined;
  /** All activities, as a gate of this kind calls them. The run shows which of them keep failing. */
  activities(kind: string): Activities;
  /**
   * Records what a poll saw: a new head, other people's commits, and the verdicts that these make void. Throws
   * `ChangeOver` when the change was merged or closed by hand.
   */
  saw(seen: Seen): void;
}

export interface Seen {
  head?: string | undefined;
  foreign?: readonly ForeignCommit[] | undefined;
  state?: 'open' | 'merged' | 'closed' | undefined;
  mergeCommit?: string | undefined;
  note?: string | undefined;
  /** The base that its pull request has now, if it is another one. */
  base?: string | undefined;
}

/** What people and other workflows have sent to the run. */
export interface Mailbox {
  /** How many hints of each kind have arrived. A waiting poll compares. */
  readonly hints: Readonly<Record<HintAbout, number>>;
  /** How many reports of the environment have arrived, and how many of them reported its end. */
  readonly environment: { readonly reports: number; readonly ends: number };
  /** The action that a person took, until the step answers it. */
  readonly action: HumanAction | undefined;
  /**
   * Begins to wait for an action and drops an earlier one. `immediate` handles an action at once, if it can, and returns
   * whether it did.
   */
  expect(immediate?: (action: HumanAction) => boolean): void;
  /** Ends the wait. An action that is still there is dropped. */
  close(): void;
  /** Records in the log how the effect of the last action ended. */
  settleEffect(effect: 'done' | 'failed'): void;
}

export interface Notices {
  /** Sends a notice once per type and wait. Delivery is retried without a limit and never holds up the run. */
  notify(step: StepRecord, type: NoticeType, text: Text, visit?: string): void;
  /** Makes a notice urgent, once. */
  escalate(step: StepRecord, id: string): void;
  /** Marks the notices of a visit as no longer open. */
  clear(visit: string): void;
}

export interface Budget {
  /** Waits while a person has paused the run or it is over its budget. Nothing new is dispatched meanwhile. */
  wait(step: StepRecord, unless?: () => boolean): Promise<void>;
}

/** How a run moves to a newer build, or to a new execution when its history has grown too long. */
export interface Upgrade {
  /** The step that an earlier execution left parked, until its gate is back there. */
  resumed: StepRecord | undefined;
  /** Whether this execution ends because the next one continues the run. Then nothing is cleaned up. */
  readonly leaving: boolean;
  /** Whether a newer build asks for the run, and moving now would lose nothing. */
  isDue(): boolean;
  /** Whether moving now would lose nothing. */
  isSafe(): boolean;
  /** Whether every answered update is in the history. An execution must not end in the task that answered one. */
  isRecorded(): boolean;
  nextTask(): Promise<void>;
  /** Continues as new at this step. It never returns. */
  move(step: StepRecord): Promise<never>;
}

export interface Tracker {
  /** Records the change's pull request, and comments on the task's issues the first time. */
  opened(step: StepRecord, pullRequest: number | undefined): void;
}
