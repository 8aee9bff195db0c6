import { badFields } from '../contracts/bad-fields.ts';
import type { Fact } from '../contracts/facts.ts';
import type { z } from 'zod';
import { actions, Envelope, ALWAYS_AVAILABLE, type Via } from '../contracts/messages.ts';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { RefusalCode } from '../contracts/reading.ts';
import type { RunState } from '../contracts/run/state.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { overBudget } from './budget.ts';
import { NAME_LENGTH } from './log.ts';
import { isEdit, unknownIds, wrongEdit } from './review.ts';

/** The verdict on an action: taken, a repeat of one that was taken, or refused and why. */
export type Judgement = Sender & { visit?: string | undefined } & (
    | { is: 'taken'; taken: HumanAction }
    | { is: 'repeat'; visit: string | undefined }
    | { is: 'refused'; code: RefusalCode; because: Fact; takenBy?: TakenBy }
  );
interface Sender {
  actionId?: string | undefined;
  by?: string | undefined;
  via?: z.output<typeof Via> | undefined;
}
export interface TakenBy {
  by?: string | undefined;
  action: string;
  at: string;
}

const alwaysAvailable: readonly ActionName[] = [...ALWAYS_AVAILABLE, 'resume'];
const PERSONAL: readonly ActionName[] = ['confirm', 'approve', 'merge'];

/** What a person may do now, the gate's own actions first. A paused run offers only what ends or changes the pause. */
export const offersNow = (run: RunState): ActionName[] => {
  if (run.ending) return [];
  if (run.paused) return ['resume', 'stop', 'restartFrom'];
  if (run.current?.waitingOn === 'budget') return ['resume', 'pause', 'stop', 'restartFrom'];
  return [...(run.current?.offers ?? []), ...ALWAYS_AVAILABLE];
};

/** Judges an action by what the run asks now. It changes nothing. The first reason of these decides the code. */
export function judgeAction(action: ActionName, raw: unknown, run: RunState): Judgement {
  const from = sender(raw);
  const { actionId } = from;
  const visit = run.current?.visit;
  const refused = (code: RefusalCode, because: Fact, takenBy?: TakenBy): Judgement => ({
    ...from,
    visit,
    is: 'refused',
    code,
    because,
    ...(takenBy && { takenBy }),
  });

  const before = actionId === undefined ? undefined : run.seen.find(({ id }) => id === actionId);
  if (before?.action === action && isInput(raw, before.input)) {
    return { ...from, visit: before.visit, is: 'repeat' };
  }
  if (run.ending) return refused('closed', { fact: 'runEnded', ending: run.ending });
  if (isUnreadable(raw)) return refused('invalid', { fact: 'actionUnreadable' });

  const { data, error } = actions[action].input.safeParse(raw ?? {});
  if (!data) return refused('invalid', { fact: 'inputInvalid', fields: badFields(error, raw) });
  const taken = { kind: action, ...data } as HumanAction;
  const wrong = incoherent(taken, run);
  if (wrong) return refused('invalid', wrong);

  if (before) {
    const otherInput = before.action === action;
    return refused('duplicate', { fact: 'actionIdUsed', actionId: before.id, action: before.action, otherInput });
  }

  const offers = offersNow(run);
  if (!offers.includes(action)) {
    const faster = fasterThan(taken, run);
    return refused('not_offered', { fact: 'notOffered', action, offers, used: usedUp(action, run), faster }, faster);
  }

  const settled = settledQuestion(taken, run);
  const stale = alwaysAvailable.includes(action) ? undefined : (settled ?? staleness(taken, run));
  if (stale) return refused('stale', stale);
  const rule = forbidden(taken, run);
  if (rule) return refused('not_allowed', rule);
  return { ...from, visit, is: 'taken', taken };
}

/** Refuses an action of an unknown name. */
export const judgeUnknown = (name: string, raw: unknown): Judgement => {
  return {
    ...sender(raw),
    is: 'refused',
    code: 'invalid',
    because: { fact: 'actionUnknown', name: name.slice(0, NAME_LENGTH) },
  };
};

/** The sender's name, way in and action id, also of an otherwise invalid input, so that its refusal can be found in the log. */
function sender(raw: unknown): Sender {
  const input = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  return {
    actionId: Envelope.shape.actionId.safeParse(input['actionId']).data,
    by: Envelope.shape.by.safeParse(input['by']).data,
    via: Envelope.shape.via.safeParse(input['via']).data,
  };
}

/** What is wrong with an action at any time: ids that never existed, options that are none. */
function incoherent(action: HumanAction, run: RunState): Fact | undefined {
  switch (action.kind) {
    case 'restartFrom':
      return action.step > run.steps.length ? { fact: 'stepOutOfRange', steps: run.steps.length } : undefined;
    case 'requestChanges':
      return action.feedback || action.comments?.length ? undefined : { fact: 'feedbackExpected' };
    case 'requestRecommendations': {
      const review = reviewNow(run);
      const unknown = review ? unknownIds(review, action.findings) : [];
      return unknown.length > 0 ? { fact: 'findingsUnknown', findings: unknown } : undefined;
    }
    case 'decide': {
      const asked = questionOf(action, run);
      if (!asked) return { fact: 'questionUnknown', decision: action.decision };
      return asked.options.includes(action.choice) ? undefined : { fact: 'optionUnknown', options: asked.options };
    }
    default: {
      const review = reviewNow(run);
      const wrong = review && isEdit(action) ? wrongEdit(review, action) : undefined;
      return wrong?.code === 'invalid' ? wrong.because : undefined;
    }
  }
}

/** The review that the run asks about, if there is one. */
const reviewNow = (run: RunState) => run.steps.find(({ id }) => id === run.current?.id)?.review;

/** The agent's question that a `decide` answers. */
const questionOf = ({ decision: id }: HumanAction<'decide'>, run: RunState) =>
  run.steps.map(({ decision }) => decision).find((decision) => decision?.id === id);

/** Whether the action answers a question that is answered already. */
function settledQuestion(action: HumanAction, run: RunState): Fact | undefined {
  const review = reviewNow(run);
  if (review && isEdit(action)) return wrongEdit(review, action)?.because;
  if (action.kind !== 'decide') return undefined;
  const choice = questionOf(action, run)?.choice;
  return choice === undefined ? undefined : { fact: 'decisionSettled', decision: action.decision, choice };
}

function staleness({ visit, head }: Pick<HumanAction, 'visit' | 'head'>, run: RunState): Fact | undefined {
  const now = run.current?.visit;
  if (visit !== undefined && visit !== now) return { fact: 'visitOver', visit, now };
  if (head !== undefined && run.head !== undefined && head !== run.head) return { fact: 'headMoved', head: run.head };
  return undefined;
}

/** Who was faster, if the sender names the visit that was settled last, or no visit at all. */
function fasterThan({ visit }: Pick<HumanAction, 'visit'>, { lastTaken }: RunState): TakenBy | undefined {
  if (!lastTaken || (visit !== undefined && visit !== lastTaken.visit)) return undefined;
  const { by, action, at } = lastTaken;
  return { ...(by && { by }), action, at };
}

/** Why a human test does not offer a fix, which the list of offers does not show. */
function usedUp(action: ActionName, { current }: RunState): Fact | undefined {
  if (action !== 'requestFix' || current?.kind !== 'human-test' || current.phase !== 'parked') return undefined;
  const { attempt = 0, attempts = Infinity } = current;
  return attempt >= attempts ? { fact: 'fixAttemptsUsed', attempt, attempts } : undefined;
}

/** A name or an e-mail in the form in which it is compared: in lower case, and without the brackets around an e-mail. */
const folded = (name = ''): string => name.normalize('NFKC').trim().replace(/^<|>$/g, '').toLowerCase();

/** Rules about who may act, and when. Nobody checks `by`, so these rules keep order and are no protection. */
function forbidden(action: HumanAction, run: RunState): Fact | undefined {
  const { budgetCents } = run.policy;
  if (action.kind === 'resume' && budgetCents !== undefined && overBudget(run)) {
    return { fact: 'overBudget', spent: run.usage.costCents, budget: budgetCents };
  }
  if (action.kind === 'restartFrom' && run.mergeCommit !== undefined) {
    const merged = run.steps.findLast(({ outcome }) => outcome === 'merged')?.step ?? 0;
    if (action.step <= merged) return { fact: 'alreadyMerged', step: merged };
  }
  if (!run.policy.requireSecondPerson || !PERSONAL.includes(action.kind)) return undefined;
  const needed = { fact: 'secondPersonNeeded', action: action.kind, who: action.by } as const;
  if (!action.by) return { ...needed, because: 'nameless' };
  const same = (name: string | undefined) => folded(name) === folded(action.by);
  if (same(run.input.startedBy)) return { ...needed, because: 'started' };
  const others = run.foreign.flatMap(({ author, email, others = [] }) => [author, email, ...others]);
  const wrote = [...others, ...(run.writers ?? [])].some(same);
  return wrote ? { ...needed, because: 'wrote' } : undefined;
}

/** The same action may come again by another way in, when the answer to the first was lost. */
function withoutVia(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  const { via, ...input } = raw as Record<string, unknown>;
  void via;
  return input;
}

/** The fingerprint of an input as the log has it: JSON, unless it was too long to be stored whole. */
export function fingerprintOf(logged: unknown): string {
  try {
    return fingerprint(typeof logged === 'string' ? JSON.parse(logged) : logged);
  } catch {
    return String(logged).slice(0, WHOLE);
  }
}

/** What a run remembers of an input to recognise its repeat. Anybody may send megabytes, and it remembers hundreds. */
export function fingerprint(raw: unknown): string {
  const text = canonical(withoutVia(raw));
  return text.length <= WHOLE ? text : `${text.slice(0, WHOLE / 2)}… ${text.length} ${hashOf(text)}`;
}

/** Whether a remembered input is this one, in any form in which it was remembered. */
const isInput = (raw: unknown, remembered: string): boolean =>
  [fingerprint(raw), canonical(withoutVia(raw))].some((each) => each === remembered || compacted(each) === remembered);

/** The shortest form that distinguishes one remembered input from another. */
export const compacted = (remembered: string): string =>
  /^#[0-9a-z]+$/.test(remembered) ? remembered : `#${hashOf(remembered)}`;

const WHOLE = 400;
/** Looked up once, because access to a global is slow in the sandbox. */
const { imul } = Math;

/** 53 bits (cyrb53, public domain). Nobody gains from a collision: both inputs come from the same sender. */
function hashOf(text: string): string {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at += 1) {
    a = imul(a ^ text.charCodeAt(at), 2_654_435_761);
    b = imul(b ^ text.charCodeAt(at), 1_597_334_677);
  }
  a = imul(a ^ (a >>> 16), 2_246_822_507) ^ imul(b ^ (b >>> 13), 3_266_489_909);
  b = imul(b ^ (b >>> 16), 2_246_822_507) ^ imul(a ^ (a >>> 13), 3_266_489_909);
  return `${(b >>> 0).toString(36)}${(a >>> 0).toString(36)}`;
}

/** One form for inputs that mean the same, so that a repeat differs from a second action under the same id. */
export const canonical = (raw: unknown): string =>
  JSON.stringify(raw ?? {}, (_, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
