import { z } from 'zod';
import type { Job, JobReport, Need, Revision } from '../contracts/activities.ts';
import type { Change } from '../contracts/change.ts';
import type { Text } from '../contracts/facts.ts';
import type { ActionName, HintAbout, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Outcome } from '../contracts/outcome.ts';
import type { Policy } from '../contracts/policy.ts';
import type { GateView, StepRecord } from '../contracts/state.ts';
import type { Attempt, Capabilities, Capability } from './capabilities.ts';

/** How a gate ends: with an outcome, or by sending the run back to earlier steps. */
export type GateEnd = Outcome | { is: 'back'; to: string[]; because: Text; rework?: Revision };

/** A job's end, as a gate needs it: evictions and interruptions have been dealt with. */
export type JobEnd =
  Extract<JobReport, { is: 'completed' }> | (Extract<JobReport, { is: 'failed' }> & { evicted?: boolean | undefined });

/** What a job is for. The run adds the rest. */
export type Work = { mode: Job['mode']; brief: Text } & Partial<Omit<Job, 'brief'>>;

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

/**
 * What a gate is given: what every gate has, and the capabilities that it names in `uses`. Every await is durable. What the
 * world may refuse comes back as a value.
 */
export type GateContext<Options = unknown, Uses extends Capability = never> = Core<Options> & Pick<Capabilities, Uses>;

/** What every gate has. */
export interface Core<Options = unknown> {
  readonly step: StepRecord;
  readonly options: Options;
  readonly policy: Policy;
  /** The change as it is known now. */
  change(): Change;
  /** The head of the work branch. There is none while there is no work branch. */
  head(): string | undefined;
  /** The steps of the pipeline as they stand. */
  steps(): readonly StepRecord[];
  title(): string;
  /** What the task asks for, as its jobs are told: as a review has worked it out, or as it was written. */
  description(): string;

  /** Shows what the gate is doing now. */
  show(view: GateView): void;
  /** Sends a notice, once per wait. */
  notice(type: NoticeType, text: Text): void;
  /** The text of a fact, for what a gate records or compares. Everything that it shows or returns may stay a fact. */
  inWords(text: Text): string;
  /** Stores what a step made: it is shown, and passed on to later steps. */
  keep(step: StepRecord, made: { summary: Text; output?: unknown }): Promise<void>;
  /** Runs a job of this role and waits for it. The run records what it did to the head and what it used. */
  send(role: string, work: Work, view?: Partial<GateView>): Promise<JobEnd>;
  /** Asks the world until it can tell. A hint makes it ask now. Throws what is refused for good. */
  poll<T>(about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T>;
  /** Works until done, failed, or called off by a person who took one of the view's offers. */
  attempt<T>(view: GateView, work: () => Promise<T>): Promise<Attempt<T>>;
  /** Does several things at the same time, and waits for all of them. */
  concurrently<T>(work: readonly (() => Promise<T>)[]): Promise<T[]>;
  /** Waits for a person to take one of the offered actions. All others are refused. */
  park<Offer extends ActionName>(
    ask: () => Question<Offer>,
    notice: { type: NoticeType; text: Text },
    parking?: Parking<Offer>,
  ): Promise<Answer<Offer>>;
  /**
   * What it kept at the park where an earlier execution of the run left it. A gate that is given something goes straight
   * back to that park, without an await before it. Nothing means that it begins.
   */
  resumed<Kept extends z.ZodType>(kept: Kept): z.output<Kept> | undefined;
}

export interface Gate<
  Kind extends string = string,
  Options extends z.ZodObject = z.ZodObject,
  Uses extends Capability = Capability,
> {
  readonly kind: Kind;
  /** The step's own knobs. They beat the policy. */
  readonly options: Options;
  /** Roles that must have a command before a run with this step may start. */
  readonly roles: readonly string[];
  /** Which of the common keys it takes. */
  readonly takes: { readonly approval?: boolean; readonly when?: boolean; readonly consensus?: boolean };
  /** What it uses besides its context. It is given nothing else. */
  readonly uses?: readonly Uses[];
  /** What the world must have besides roles. */
  readonly needs?: Need;
  /** The kinds it must directly follow, if any (engine.md 4). */
  readonly after?: readonly string[];
  run(ctx: GateContext<z.output<Options>, Uses>): Promise<GateEnd>;
}

export const defineGate = <Kind extends string, Options extends z.ZodObject, const Uses extends Capability = never>(
  gate: Gate<Kind, Options, Uses>,
) => gate;

/** What a gate keeps at a park that its step alone can bring back. */
export const Nothing = z.strictObject({});

/** The work branch's head is what a verdict of a person or a companion is about. */
export function judge(ctx: GateContext<unknown, 'verdicts'>, by: 'person' | 'companion'): void {
  const head = ctx.head();
  ctx.step.judged = { foreign: ctx.verdicts.foreignKnown(), by, ...(head && { head }) };
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
