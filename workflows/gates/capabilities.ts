import type {
  Activities,
  CheckReport,
  EnvironmentView,
  MergeReport,
  MergeWait,
  MergeabilityReport,
  MergeResultReport,
  Revision,
  Signal,
} from '../contracts/activities.ts';
import type { Text } from '../contracts/facts.ts';
import type { Estimate } from '../contracts/pipeline-run.ts';
import type { GateView, StepRecord } from '../contracts/run/state.ts';
import type { Feedback } from '../rules/outputs.ts';

/** How an attempt ended. If work was called off too late, what it has made is removed by its key. */
export type Attempt<T> = { is: 'done'; value: T } | { is: 'failed'; because: string } | { is: 'called-off' };

/** What a gate can use besides its context. It names these in `uses`, and is given just those. */
export interface Capabilities {
  /** All activities, for a gate that asks the world something new. */
  activities: Activities;
  base: Base;
  /** Whether the work branch had commits when the run began. */
  branchResumed(): boolean;
  /** Waits for the settled checks of the head. The head may move meanwhile. */
  checks(view: GateView): Promise<CheckReport>;
  documents: Documents;
  environment: Environment;
  /** Records an estimate. The `when` of later steps is judged by it. */
  estimated(estimate: Estimate): void;
  /** Records in the log that the effect of the last action failed. */
  failedEffect(): void;
  output: Output;
  release: Release;
  /** Ends the run as stopped, after cleaning up. */
  stop(): Promise<never>;
  tracker: Tracker;
  verdicts: Verdicts;
}

export type Capability = keyof Capabilities;

/** The change against its base. */
export interface Base {
  /** Whether the change merges into its base, as both are now. */
  mergeability(view: GateView): Promise<MergeabilityReport>;
  /** The settled checks of the head merged into this base, as the merge would be. */
  mergeResult(view: GateView, baseHead: string): Promise<MergeResultReport>;
  /** Merges the base into the work branch as a commit of ours. A person may call it off. */
  update(view: GateView): Promise<Attempt<Awaited<ReturnType<Activities['updateFromBase']>>>>;
  /** Whether a base that moved may send the run back once more. Each call that returns true counts as one. */
  mayTake(): boolean;
  /** Merges the base into the work branch. Returns the reason if that is not possible: files, if they conflict. */
  take(view: GateView): Promise<{ because: string; files?: string[] } | undefined>;
  /**
   * Merges this head into this base, under the task's name: as this merge commit, where one was tested. `wait`: what the forge
   * makes the merge wait for. Then it returns when that is no longer so.
   */
  merge(
    expected: { head: string; baseHead: string; commit?: string | undefined },
    wait?: MergeWait,
  ): Promise<MergeReport>;
}

export interface Documents {
  /** Commits files to the work branch. Returns the reason if that is not possible. The same files again commit nothing. */
  commit(files: Record<string, string>, message: Text): Promise<string | undefined>;
}

/** The preview environment of the change. The run owns it, and removes it on every exit. */
export interface Environment {
  readonly configured: boolean;
  current(): EnvironmentView | null;
  /** Builds the next generation for this head, after the one before is gone. */
  build(view: GateView): Promise<void>;
  /** Rebuilds a live environment that shows another head than the change's. */
  follow(view: GateView): Promise<void>;
  /** Requests its removal without waiting for it. This works even while the run is being cancelled. */
  release(because: Text): Promise<void>;
}

/** What steps made, in full. */
export interface Output {
  /** What a step made besides its summary, wherever it is stored. */
  of(step: StepRecord): Promise<unknown>;
  /** The feedback with which work is sent back. Long feedback is stored outside the run. */
  revision(feedback: Feedback): Promise<Revision>;
}

export interface Release {
  /** The commit by which this run has merged its change, once it has. */
  merged(): string | undefined;
  /** Starts the workflow that watches the release. Returns a note about it. */
  watch(): Promise<Text>;
  /** Reads the release's signals until one alerts or this many minutes are over. */
  signals(minutes: number): Promise<Signal[]>;
}

export interface Tracker {
  /** Files an issue, once per step. Throws where the tracker refuses; returns nothing where there is no tracker. */
  file(issue: { title: string; body: string }): Promise<{ id: string; url?: string | undefined } | undefined>;
}

export interface Verdicts {
  /** Verdicts of people and companions that later commits made void, earliest step first. */
  voided(): readonly { step: StepRecord; because: Text }[];
  /** How many commits of other people the run knows of. */
  foreignKnown(): number;
}
