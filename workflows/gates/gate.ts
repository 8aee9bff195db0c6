import { z } from 'zod';
import type {
  Activities,
  CheckReport,
  EnvironmentView,
  ForeignCommit,
  Job,
  JobReport,
  MergeReport,
  MergeabilityReport,
  MergeResultReport,
  Need,
  Revision,
  Signal,
} from '../contracts/activities.ts';
import type { Change } from '../contracts/change.ts';
import type { ActionName, HintAbout, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Outcome } from '../contracts/outcome.ts';
import type { Estimate } from '../contracts/pipeline-run.ts';
import type { Policy } from '../contracts/policy.ts';
import type { GateView, StepRecord } from '../contracts/state.ts';
import type { Said } from '../rules/revisions.ts';

/** How a gate ends: with an outcome, or by sending the run back to earlier steps. */
export type GateEnd = Outcome | { is: 'back'; to: string[]; because: string; rework?: Revision };

/** A job's end, as a gate needs it: evictions and interruptions have been dealt with. */
export type JobEnd =
  Extract<JobReport, { is: 'completed' }> | (Extract<JobReport, { is: 'failed' }> & { evicted?: boolean | undefined });

/** How an attempt went. What work that was called off has made all the same is cleared away by its key. */
export type Attempt<T> = { is: 'done'; value: T } | { is: 'failed'; because: string } | { is: 'called-off' };

/** What a person answered, or that the change moved under their eyes (the head is known by then). */
export type Answer<Offer extends ActionName> = HumanAction<Offer> | { kind: 'moved'; because: string };

/** What a parked person is shown and asked. It is drawn anew whenever what it speaks of changes. */
export type Question<Offer extends ActionName> = Omit<GateView, 'phase' | 'waitingOn' | 'offers'> & {
  offers: readonly Offer[];
};

/** How a gate parks besides what it asks: at the visit before, and which actions are done on the spot. */
export interface Parking<Offer extends ActionName> {
  visit?: boolean;
  /** What the gate must know, besides its step, to come straight back to this park: plain data, as `resumed` reads it. */
  kept?: Record<string, unknown>;
  /** Does what needs nobody to be waited for, and answers whether it has: then the park goes on, and is drawn anew. */
  edit?: (action: HumanAction<Offer>) => boolean;
}

/** All that a gate can see and do. Every await is durable; what the world may well refuse comes back as a value. */
export interface GateContext<Options = unknown> {
  readonly step: StepRecord;
  readonly options: Options;
  readonly policy: Policy;
  readonly activities: Activities;
  /** The change as it is known now; `head` is none while there is no work branch. */
  change(): Change;
  head(): string | undefined;
  /** Commits by others, of which the run knows so many. */
  foreignKnown(): number;
  /** The steps of the pipeline as they stand. */
  steps(): readonly StepRecord[];

  title(): string;
  /** What the task asks for, as its jobs are told: as a review has worked it out, or as it was written. */
  description(): string;
  /** The commit by which this run has merged its change, once it has. */
  merged(): string | undefined;
  /** Whether the work branch held commits when the run began. */
  branchResumed(): boolean;
  /** Notes what an estimator said: later steps' `when` is judged by it. */
  estimated(estimate: Estimate): void;
  /** Keeps what a step made: shown, passed on to later steps. */
  keep(step: StepRecord, made: { summary: string; output?: unknown }): Promise<void>;

  /** What a step made besides its summary, wherever it is kept. */
  outputOf(step: StepRecord): Promise<unknown>;

  /** What a work is sent back with: what is too long for a run to carry is kept besides, for whoever does it again. */
  revision(said: Said): Promise<Revision>;

  /** Tells whoever asks what the gate is doing now. */
  show(view: GateView): void;
  /** Sends a role and waits for it. What it did to the head, and what it used, is noted by the run. */
  send(role: string, work: Pick<Job, 'mode' | 'brief'> & Partial<Job>, view?: Partial<GateView>): Promise<JobEnd>;
  /** Does several things at the same time, and waits for all of them. */
  together<T>(work: readonly (() => Promise<T>)[]): Promise<T[]>;
  /** Asks the world until it can tell; a hint makes it ask now. Rethrows what it refuses for good. */
  look<T>(about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T>;
  /** The settled checks of the head, whatever the head is by then. */
  checks(view: GateView): Promise<CheckReport>;
  /** Whether the change merges into its base, as both are now. */
  mergeability(view: GateView): Promise<MergeabilityReport>;
  /** The settled checks of the head merged into this base, as the merge would be. */
  mergeResult(view: GateView, baseHead: string): Promise<MergeResultReport>;
  /** Merges this base into the work branch, as a commit of ours; answers why not, if so. */
  takeBase(view: GateView): Promise<string | undefined>;
  /** Commits documents of ours to the work branch; answers why not, if so. The same files again commit nothing. */
  commit(files: Record<string, string>, message: string): Promise<string | undefined>;
  /** Files an issue in the tracker, once per step. Throws where the tracker refuses; none is an answer. */
  fileIssue(issue: { title: string; body: string }): Promise<{ id: string; url?: string | undefined } | undefined>;
  /** Has the release watched by a workflow of its own; answers what is to be said of it. */
  watchRelease(): Promise<string>;
  /** Reads the release's signals until one alerts or the time is over. */
  signals(minutes: number): Promise<Signal[]>;
  /** Merges just this head into just this base, under the task's name: as this merge commit, where one was tested. */
  merge(expected: { head: string; baseHead: string; commit?: string | undefined }): Promise<MergeReport>;
  /** Verdicts of people and companions that later commits have voided, earliest step first. */
  voided(): readonly { step: StepRecord; because: string }[];
  /** Whether a base that moved into conflict may send the run back once more; it counts as one. */
  canTakeBase(): boolean;
  /** Works until done, failed, or called off by a person who took one of the view's offers. */
  attempt<T>(view: GateView, work: () => Promise<T>): Promise<Attempt<T>>;
  /** Waits for a person to take one of the offered actions; all others are refused at the door. */
  park<Offer extends ActionName>(
    ask: () => Question<Offer>,
    notice: { type: NoticeType; text: string },
    parking?: Parking<Offer>,
  ): Promise<Answer<Offer>>;
  /**
   * What it kept at the park where an earlier execution of the run left it. A gate that is given something goes straight
   * back to that park, without an await before it. None: it begins.
   */
  resumed<Kept extends z.ZodType>(kept: Kept): z.output<Kept> | undefined;
  /** The effect of the action taken last has failed: the log says so. */
  failedEffect(): void;
  /** Notes what the world was seen to be: a new head, foreign commits. A change that is over ends the run here. */
  saw(look: {
    head?: string | undefined;
    foreign?: readonly ForeignCommit[];
    state?: 'open' | 'merged' | 'closed';
  }): void;
  notice(type: NoticeType, text: string): void;
  /** The place where a person can try the change; the run owns it, and takes it down on every exit. */
  readonly site: Site;
  /** Ends the run as stopped, cleaning up. */
  stop(): Promise<never>;
}

export interface Site {
  readonly configured: boolean;
  current(): EnvironmentView | null;
  /** Builds the next generation for this head, after the one before is gone. */
  build(view: GateView): Promise<void>;
  /** Rebuilds an environment that is up, but shows another head than the change's. */
  follow(view: GateView): Promise<void>;
  /** Asks for its end, and does not wait for it. Runs even while the run is being cancelled. */
  release(because: string): Promise<void>;
}

export interface Gate<Kind extends string = string, Options extends z.ZodObject = z.ZodObject> {
  readonly kind: Kind;
  /** The step's own knobs. They beat the policy. */
  readonly options: Options;
  /** Roles that must have a command before a run with this step may start. */
  readonly roles: readonly string[];
  /** Which of the common keys it takes. */
  readonly takes: { readonly approval?: boolean; readonly when?: boolean; readonly consensus?: boolean };
  /** What the world must have besides roles. */
  readonly needs?: Need;
  /** The kinds it must directly follow, if any (engine.md 4). */
  readonly after?: readonly string[];
  run(ctx: GateContext<z.output<Options>>): Promise<GateEnd>;
}

export const defineGate = <Kind extends string, Options extends z.ZodObject>(gate: Gate<Kind, Options>) => gate;

/** What a gate keeps at a park that its step alone can bring back. */
export const Nothing = z.strictObject({});

/** What an agent is told whose answer could not be read. */
export const REPAIR = 'Your last answer could not be read. Answer with exactly the JSON asked for.';

/** The work branch's head is what a verdict of a person or a companion is about. */
export function judge(ctx: GateContext, by: 'person' | 'companion'): void {
  const head = ctx.head();
  ctx.step.judged = { foreign: ctx.foreignKnown(), by, ...(head && { head }) };
}

/** A budget that belongs to one step: how much of it is used, and what is left. */
export function budgetOf(step: StepRecord, name: string, most: number) {
  const used = () => step.spent[name] ?? 0;
  return {
    left: () => used() < most,
    spend: () => void (step.spent[name] = used() + 1),
    shown: () => ({ attempt: used(), attempts: most }),
  };
}
