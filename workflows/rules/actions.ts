import { badFields, fieldsMessage } from '../contracts/bad-fields.ts';
import { actionNames, actions, Envelope, ALWAYS_AVAILABLE } from '../contracts/messages.ts';
import type { ActionName, HumanAction } from '../contracts/messages.ts';
import type { RefusalCode } from '../contracts/reading.ts';
import type { RunState } from '../contracts/state.ts';
import { isUnreadable } from '../contracts/unreadable.ts';
import { overBudget } from './budget.ts';
import { BECAUSE_LENGTH, NAME_LENGTH } from './log.ts';
import { isEdit, unknownIds, wrongEdit } from './review.ts';

/** What is to be said of an action: taken, a repeat of one that was taken, or refused and why. */
export type Judgement = { actionId?: string | undefined; by?: string | undefined; visit?: string | undefined } & (
  | { is: 'taken'; taken: HumanAction }
  | { is: 'repeat'; visit: string | undefined }
  | { is: 'refused'; code: RefusalCode; because: string; takenBy?: TakenBy }
);
export interface TakenBy {
  by?: string | undefined;
  action: string;
  at: string;
}

const alwaysAvailable: readonly ActionName[] = [...ALWAYS_AVAILABLE, 'resume'];
const PERSONAL: readonly ActionName[] = ['confirm', 'approve', 'merge'];

/** What a person may do now. The gate's own come first; while the run is held, only what concerns the holding. */
export const offersNow = (run: RunState): ActionName[] => {
  if (run.ending) return [];
  if (run.paused) return ['resume', 'stop', 'restartFrom'];
  if (run.current?.waitingOn === 'budget') return ['resume', 'pause', 'stop', 'restartFrom'];
  return [...(run.current?.offers ?? []), ...ALWAYS_AVAILABLE];
};

/** Judges an action by what the run asks now (the order is contract 5's). It changes nothing. */
export function judgeAction(action: ActionName, raw: unknown, run: RunState): Judgement {
  const { actionId, by } = sender(raw);
  const visit = run.current?.visit;
  const refused = (code: RefusalCode, because: string, takenBy?: TakenBy): Judgement => ({
    actionId,
    by,
    visit,
    is: 'refused',
    code,
    because: because.slice(0, BECAUSE_LENGTH),
    ...(takenBy && { takenBy }),
  });

  const before = actionId === undefined ? undefined : run.seen.find(({ id }) => id === actionId);
  if (before?.action === action && isInput(raw, before.input)) {
    return { actionId, by, visit: before.visit, is: 'repeat' };
  }
  if (run.ending) return refused('closed', `The run is ${run.ending}.`);
  if (isUnreadable(raw)) return refused('invalid', 'input: expected JSON in an encoding that this run can read');

  const { data: said, error } = actions[action].input.safeParse(raw ?? {});
  if (!said) return refused('invalid', fieldsMessage(badFields(error, raw)));
  const wrong = incoherent({ kind: action, ...said } as HumanAction, run);
  if (wrong) return refused('invalid', wrong);

  if (before) {
    const other = before.action === action ? ' with another input' : '';
    return refused('duplicate', `${actionId} was used before, for ${before.action}${other}.`);
  }

  const offers = offersNow(run);
  if (!offers.includes(action)) {
    const faster = fasterThan(said, run);
    const who = faster ? ` ${faster.by ?? 'Somebody'} took ${faster.action} at ${faster.at}.` : '';
    const why = `Not ${action} now: only ${offers.join(', ')}.${usedUp(action, run)}${who}`;
    return refused('not_offered', why, faster);
  }

  const settled = settledQuestion({ kind: action, ...said } as HumanAction, run);
  const stale = alwaysAvailable.includes(action) ? undefined : (settled ?? staleness(said, run));
  if (stale) return refused('stale', stale);
  const rule = forbidden({ kind: action, ...said } as HumanAction, run);
  if (rule) return refused('not_allowed', rule);
  return { actionId, by, visit, is: 'taken', taken: { kind: action, ...said } as HumanAction };
}

/** An action whose name nobody knows. */
export const judgeUnknown = (name: string, raw: unknown): Judgement => {
  return {
    ...sender(raw),
    is: 'refused',
    code: 'invalid',
    because: `${name.slice(0, NAME_LENGTH)}: no such action. Known are ${actionNames.join(', ')}.`,
  };
};

/** Who says so, also of an input that is otherwise wrong: its refusal is to be told from another's. */
function sender(raw: unknown): { actionId?: string | undefined; by?: string | undefined } {
  const said = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  return {
    actionId: Envelope.shape.actionId.safeParse(said['actionId']).data,
    by: Envelope.shape.by.safeParse(said['by']).data,
  };
}

/** What is wrong with an action whatever the moment: ids that never were, options that are none. */
function incoherent(said: HumanAction, run: RunState): string | undefined {
  switch (said.kind) {
    case 'restartFrom':
      return said.step > run.steps.length ? `step: expected a whole number from 1 to ${run.steps.length}` : undefined;
    case 'requestChanges':
      return said.feedback || said.comments?.length ? undefined : 'feedback: expected feedback, or comments';
    case 'requestRecommendations': {
      const review = reviewNow(run);
      const unknown = review ? unknownIds(review, said.findings) : [];
      return unknown.length > 0 ? `findings: expected findings of this review; got ${unknown.join(', ')}` : undefined;
    }
    case 'decide': {
      const asked = run.steps.map(({ decision }) => decision).find((decision) => decision?.id === said.decision);
      if (!asked) return `decision: ${said.decision} was never asked`;
      return asked.options.includes(said.choice) ? undefined : `choice: expected one of ${asked.options.join(', ')}`;
    }
    default: {
      const review = reviewNow(run);
      const wrong = review && isEdit(said) ? wrongEdit(review, said) : undefined;
      return wrong?.code === 'invalid' ? wrong.because : undefined;
    }
  }
}

/** The review on the table, if there is one. */
const reviewNow = (run: RunState) => run.steps.find(({ id }) => id === run.current?.id)?.review;

/** A question that was asked and is answered. It is told from one that is merely not open now. */
function settledQuestion(said: HumanAction, run: RunState): string | undefined {
  const review = reviewNow(run);
  if (review && isEdit(said)) return wrongEdit(review, said)?.because;
  if (said.kind !== 'decide') return undefined;
  const asked = run.steps.map(({ decision }) => decision).find((decision) => decision?.id === said.decision);
  return asked?.choice === undefined ? undefined : `${said.decision} is settled: ${asked.choice}.`;
}

function staleness({ visit, head }: { visit?: string | undefined; head?: string | undefined }, run: RunState) {
  const now = run.current?.visit;
  if (visit !== undefined && visit !== now) return `${visit} is over. Now it is ${now ?? 'nobody’s turn'}.`;
  if (head !== undefined && run.head !== undefined && head !== run.head) return `The head is ${run.head} now.`;
  return undefined;
}

/** Somebody was faster if the sender looked at a visit that is settled, or answers what has just been answered. */
function fasterThan({ visit }: { visit?: string | undefined }, { lastTaken }: RunState): TakenBy | undefined {
  if (!lastTaken || (visit !== undefined && visit !== lastTaken.visit)) return undefined;
  const { by, action, at } = lastTaken;
  return { ...(by && { by }), action, at };
}

/** Why a fix is not on offer where people are asked: that is not to be seen from the list of what is. */
function usedUp(action: ActionName, { current }: RunState): string {
  if (action !== 'requestFix' || current?.kind !== 'human-test' || current.phase !== 'parked') return '';
  const { attempt = 0, attempts = Infinity } = current;
  return attempt >= attempts ? ` ${attempt} of ${attempts} attempts are used.` : '';
}

/** A name or an e-mail as it is compared: however it is written, and without the marks around an e-mail. */
const folded = (name = ''): string => name.normalize('NFKC').trim().replace(/^<|>$/g, '').toLowerCase();

/** Rules about who may, and when. `by` is what the sender says: a rule of order, not a lock. */
function forbidden(said: HumanAction, run: RunState): string | undefined {
  if (said.kind === 'resume' && overBudget(run)) {
    return `The run has spent ${run.usage.costCents} of ${run.policy.budgetCents} cents.`;
  }
  if (said.kind === 'restartFrom' && run.mergeCommit !== undefined) {
    const merged = run.steps.findLast(({ outcome }) => outcome === 'merged')?.step ?? 0;
    if (said.step <= merged) return `The change is merged: only steps after ${merged} can be started over.`;
  }
  if (!run.policy.requireSecondPerson || !PERSONAL.includes(said.kind)) return undefined;
  if (!said.by) return `requireSecondPerson: ${said.kind} needs "by".`;
  const same = (name: string | undefined) => folded(name) === folded(said.by);
  if (same(run.input.startedBy)) return `requireSecondPerson: ${said.by} started this run.`;
  const others = run.foreign.flatMap(({ author, email, others = [] }) => [author, email, ...others]);
  const wrote = [...others, ...(run.writers ?? [])].some(same);
  return wrote ? `requireSecondPerson: ${said.by} wrote commits of this change.` : undefined;
}

/** The same of an input as the log keeps it: JSON, unless it was too long to be kept whole. */
export function fingerprintOf(logged: unknown): string {
  try {
    return fingerprint(typeof logged === 'string' ? JSON.parse(logged) : logged);
  } catch {
    return String(logged).slice(0, WHOLE);
  }
}

/** As much of an input as is needed to tell its repeat: a run remembers hundreds, and anybody may send megabytes. */
export function fingerprint(raw: unknown): string {
  const text = canonical(raw);
  return text.length <= WHOLE ? text : `${text.slice(0, WHOLE / 2)}… ${text.length} ${hashOf(text)}`;
}

/** Whether a remembered input is this one, however much of it is left. */
const isInput = (raw: unknown, remembered: string): boolean =>
  [fingerprint(raw), canonical(raw)].some((each) => each === remembered || compacted(each) === remembered);

/** The least that tells one remembered input from another. */
export const compacted = (remembered: string): string =>
  /^#[0-9a-z]+$/.test(remembered) ? remembered : `#${hashOf(remembered)}`;

const WHOLE = 400;
/** Looked up once: in the sandbox a global costs more than what it does. */
const { imul } = Math;

/** 53 bits (cyrb53, public domain): nobody gains by two inputs that look alike, for both are their own sender's. */
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

/** One form for inputs that mean the same, so that a repeat is told from a second action under the same id. */
export const canonical = (raw: unknown): string =>
  JSON.stringify(raw ?? {}, (_, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
