import { activityInfo } from '@temporalio/activity';
import type { Activities, CheckQuestion } from '../workflows/contracts/activities.ts';
import { PASSING, type HeldCheck } from '../workflows/contracts/reports.ts';
import { lookAt, messageOf } from './changes.ts';
import { final, notYet } from './failures.ts';
import type { Checks, Ports } from './ports.ts';
import { reportProgress } from './waiting/heartbeating.ts';

/** How often a head without checks is polled at least, in milliseconds. */
const BARE_MS = 60_000;

/**
 * The activities about checks. Each attempt is one poll. Without an answer yet, it fails with a message for people that says
 * what it waits for, and the retry is the next poll.
 */
export const checkActivities = (
  { forge }: Pick<Ports, 'forge'>,
  { lookMs }: { lookMs: number },
): Pick<Activities, 'settledChecks' | 'settledMergeResult' | 'endChecks'> => ({
  endChecks: ({ change }) => forge.endChecks(change),

  async settledChecks(question) {
    const { change, known, checkSeconds, round, deadline } = question;
    const { head, state, foreign, descends, mergeCommit, note, base } = await lookAt(forge, change, known);
    const reported = {
      ...(descends === false && { descends }),
      ...(mergeCommit && { mergeCommit }),
      ...(note && { note }),
      ...(base !== undefined && { base }),
    };
    if (head === undefined || state !== 'open')
      return { head: head ?? known ?? '', checks: [], none: true, foreign, state, ...reported };

    if (question.onlyKnown && head !== known)
      return { head, checks: [], none: false, isOther: true, foreign, state, ...reported };

    const found = await forge.checks(change, head, { checkSeconds, round });
    const { ended, running, none, held = [] } = found;
    const pending = pendingOf(question, head, found);
    if (pending === undefined) {
      return { head, checks: ended, ...(running.length > 0 && { running }), none, foreign, state, ...reported };
    }
    if (!sameHeld(held, question.held)) {
      return { head, checks: ended, running, held, none: false, foreign, state, ...reported };
    }
    const every = found.ours ? undefined : await forge.pollEvery?.(change, lookMs);
    // The grace of a head without checks ends at a time that no webhook tells.
    const most = found.bare ? BARE_MS : Infinity;
    throw pendingUntil(deadline, pending, every === undefined ? nextPoll(lookMs) : Math.min(every, most));
  },

  async settledMergeResult({ change, head, baseHead, task, checkSeconds, round, deadline }) {
    const result = await forge.mergeResult(change, { head, baseHead, message: messageOf(change, task) });
    if (result.is !== 'made') return result;
    const { commit } = result;
    const { ended, running } = await forge.checks(change, commit, { checkSeconds, round });
    if (running.length === 0 || ended.some(isRed)) {
      return { is: 'checked', commit, checks: ended, ...(running.length > 0 && { running }) };
    }
    throw pendingUntil(deadline, stillRunning(running, ended.length), nextPoll(lookMs));
  },
});

/** What the checks wait for, in words. One red check decides, even while others run or are held. */
function pendingOf(question: CheckQuestion, head: string, found: Checks): string | undefined {
  const { ended, running, none, held, bare } = found;
  if (ended.some(isRed)) return undefined;
  if (held?.length) return `Waits for approval at the forge: ${held.map(({ name }) => name).join(', ')}`;
  if (running.length > 0) return stillRunning(running, ended.length);
  if (none || (!bare && ended.length > 0)) return undefined;
  return stillBare(question, head) ?? bare?.because;
}

const sameHeld = (now: HeldCheck[], shown: HeldCheck[] = []): boolean => {
  const lines = (held: HeldCheck[]) => held.map(({ name, url }) => `${name} ${url}`).toSorted();
  return lines(now).join('\n') === lines(shown).join('\n');
};

const isRed = ({ conclusion }: { conclusion: string }): boolean => !PASSING.has(conclusion);

/** The failure of a poll while checks run. They count as timed out when the policy's time for them is over. */
function pendingUntil(deadline: string | undefined, pending: string, nextMs: number): Error {
  return deadline !== undefined && Date.now() >= Date.parse(deadline)
    ? final('timeout', `${pending}; checksMinutes is over`)
    : notYet(pending, nextMs);
}

const stillRunning = (running: string[], ended: number): string =>
  `${running.length} of ${running.length + ended} checks pending: ${running.join(', ')}`;

/**
 * The message for a head that has no check yet, because CI may not have begun. The run remembers since when, or for a new
 * head, the last poll.
 */
function stillBare({ graceSeconds, bareSince }: CheckQuestion, head: string): string | undefined {
  const before = activityInfo().heartbeatDetails as { bare?: string; since?: string } | undefined;
  const now = new Date().toISOString();
  const since = bareSince?.head === head ? bareSince.at : before?.bare === head ? (before.since ?? now) : now;
  reportProgress({ bare: head, since });
  const seconds = Math.floor((Date.now() - Date.parse(since)) / 1_000);
  return seconds < graceSeconds
    ? `No check has begun on ${head.slice(0, 8)} in ${seconds} of ${graceSeconds} seconds`
    : undefined;
}

/** Polls often at first, for quick checks, and then as often as the configuration says. */
const nextPoll = (lookMs: number): number => Math.min(lookMs, 100 * 2 ** Math.min(activityInfo().attempt, 20));
