import { z } from 'zod';
import type { Job, JobReport, Need, Revision } from '../contracts/activities.ts';
import type { Change } from '../contracts/change.ts';
import type { Text } from '../contracts/facts.ts';
import type { ActionName, HintAbout, HumanAction } from '../contracts/messages.ts';
import type { NoticeType } from '../contracts/notices.ts';
import type { Outcome } from '../contracts/outcome.ts';
import type { Policy } from '../contracts/policy.ts';
import type { GateView, StepRecord } from '../contracts/run/state.ts';
import type { Attempt, Capabilities, Capability } from './capabilities.ts';

/** How a gate ends: with an outcome, or by sending the run back to earlier steps. */
export type GateEnd = Outcome | { is: 'back'; to: string[]; because: Text; rework?: Revision };

/** A job's end, as a gate needs it: evictions and interruptions have been dealt with. */
export type JobEnd =
  Extract<JobReport, { is: 'completed' }> | (Extract<JobReport, { is: 'failed' }> & { evicted?: boolean | undefined });

/** What a job is for. The run adds the rest. */
export type Work = { mode: Job['mode']; brief: Text } & Partial<Omit<Job, 'brief'>>;

/**
 * What a person answered, or that the change moved meanwhile: the new head is known by then. `settled`: what the park waited
 * for besides a person.
 */
export type Answer<Offer extends ActionName, Value = never> =
  HumanAction<Offer> | { kind: 'moved'; because: string } | ([Value] extends [never] ? never : Settled<Value>);

export interface Settled<Value> {
  kind: 'settled';
  value: Value;
}

/**
 * What a person is shown and asked while the run is parked. It is drawn again whenever its facts change. Its phase is `parked`
 * and it waits on a person, unless it says otherwise.
 */
export type Question<Offer extends ActionName> = Omit<GateView, 'phase' | 'waitingOn' | 'offers'> &
  Partial<Pick<GateView, 'phase' | 'waitingOn'>> & { offers: readonly Offer[] };

/** How a gate parks: at the same visit as before, and with which actions handled at once. */
export interface Parking<Offer extends ActionName, Value = never> {
  visit?: boolean;
  /** What the gate needs, besides its step, to return straight to this park: plain data, which `resumed` reads. */
  kept?: Record<string, unknown>;
  /** Handles an action at once, and returns whether it did. Then the park continues, and is drawn again. */
  edit?: (action: HumanAction<Offer>) => boolean;
  /** What ends the park besides a person. It is called off when one answers, and counts if it is done nevertheless. */
  until?: () => Promise<Value>;
}

/**
 * What a gate is given: what every gate has, and the capabilities that it names in `uses`. Every await is durable. Refusals
 * are returned as values.
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
  /** The steps of the pipeline with their present records. */
  steps(): readonly StepRecord[];
  title(): string;
  /** What the task asks for: the latest document of a review, or the description as it was written. */
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
  /** Polls until there is an answer. A hint causes a poll now. Throws final refusals. */
  poll<T>(about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T>;
  /** Works until done, failed, or called off by a person who took one of the view's offers. */
  attempt<T>(view: GateView, work: () => Promise<T>): Promise<Attempt<T>>;
  /** Does several things concurrently, and waits for all of them. */
  concurrently<T>(work: readonly (() => Promise<T>)[]): Promise<T[]>;
  /** Waits for a person to take one of the offered actions. All others are refused. Without a notice, nobody is urged. */
  park<Offer extends ActionName, Value = never>(
    ask: () => Question<Offer>,
    notice: { type: NoticeType; text: Text } | undefined,
    parking?: Parking<Offer, Value>,
  ): Promise<Answer<Offer, Value>>;
  /**
   * What the gate kept at the park where an earlier execution left it. Such a gate returns straight to that park, without an
   * await before it. Nothing means that the gate begins.
   */
  resumed<Kept extends z.ZodType>(kept: Kept): z.output<Kept> | undefined;
}

export interface Gate<
  Kind extends string = string,
  Options extends z.ZodObject = z.ZodObject,
  Uses extends Capability = Capability,
> {
  readonly kind: Kind;
  /** The options of the step. They override the policy. */
  readonly options: Options;
  /** Roles that must have a command before a run with this step may start. */
  readonly roles: readonly string[];
  /** Which of the common keys it takes. */
  readonly takes: { readonly approval?: boolean; readonly when?: boolean; readonly consensus?: boolean };
  /** What it uses besides its context. It is given nothing else. */
  readonly uses?: readonly Uses[];
  /** What it needs besides roles. */
  readonly needs?: Need;
  /** The kinds that it must directly follow, if any. */
  readonly after?: readonly string[];
  run(ctx: GateContext<z.output<Options>, Uses>): Promise<GateEnd>;
}

export const defineGate = <Kind extends string, Options extends z.ZodObject, const Uses extends Capability = never>(
  gate: Gate<Kind, Options, Uses>,
) => gate;

/** For a gate that needs nothing but its step to return to a park. */
export const Nothing = z.strictObject({});

/** Records that a person or a companion has judged the present head. */
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
