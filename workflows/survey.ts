import { CancellationScope, isCancellation, rootCause, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { SurveyInput, type Found, type SurveyFacts, type Survey } from './contracts/survey.ts';
import { parseInput } from './temporal/input.ts';
import { activitiesFor } from './temporal/proxies.ts';
import { surveyDetails } from './rules/details.ts';
import { clearable, findingsOf, runsWithUnsentNotices } from './rules/survey.ts';

/** The most orphans that one pass clears, and the most notices that it sends. The next pass continues. */
const MOST_CLEARED = 100;
const MOST_NOTICES = 20;
/** How long sending notices may take in all. The next pass sends the rest. */
const NOTICES_TIMEOUT = '1 minute';
/** Every notice is about a task. The survey's own is this one. */
const TASK = { id: 'doctor', title: 'gatehouse doctor', type: 'recurring' as const };

/**
 * One pass of the doctor: compares the runs of this server with what exists for them on this worker, fixes what it may and
 * checks again, and sends notices about what the pass before did not find.
 */
export async function survey(raw: unknown): Promise<Survey> {
  const input = parseInput(SurveyInput, raw ?? {});

  const { survey: look } = activitiesFor('doctor');
  const first = await look();
  const done = input.fix ? await mend(first) : [];
  const facts = done.length > 0 ? await look() : first;
  const findings = findingsOf(facts);
  const { at } = facts;
  setCurrentDetails(surveyDetails({ at, findings, mended: done }));
  const told = input.watch ? await notifyOfNew(findings, at) : [];
  return { at, findings, mended: done, told };
}

/** Fixes what can be fixed, one at a time. Returns what was done and what was not. */
async function mend(facts: SurveyFacts): Promise<string[]> {
  const { clearLeftover, retellNotices } = activitiesFor('doctor');
  const done: string[] = [];
  const step = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
      done.push(what);
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      done.push(`not ${what}: ${rootCause(failure) ?? 'unknown'}`);
    }
  };
  for (const leftover of clearable(facts).slice(0, MOST_CLEARED)) {
    await step(`cleared away: ${leftover.kind} ${leftover.key}`, () => clearLeftover({ leftover }));
  }
  if (facts.untold.length > 0) {
    await step(`told again: ${facts.untold.length}`, () =>
      retellNotices({ workflowIds: runsWithUnsentNotices(facts) }),
    );
  }
  return done;
}

/** Sends one notice for each new finding. Returns the ids of all findings that have been sent. */
async function notifyOfNew(findings: Found[], now: string): Promise<string[]> {
  const { notify } = activitiesFor('doctor');
  const bad = findings.filter(({ ok }) => !ok);
  const before = new Set((workflowInfo().lastResult as Partial<Survey> | undefined)?.told);
  const fresh = bad.filter(({ id }) => !before.has(id)).slice(0, MOST_NOTICES);
  const known = new Set(before);
  const telling = async () => {
    for (const { id, about, detail, mend, since = now } of fresh) {
      const text = `${about}: ${detail}${mend ? ` Mend it: ${mend}` : ''}`.slice(0, 2_000);
      const notice = { id, type: 'doctor_found', severity: 'normal', at: since, text } as const;
      await notify({ workflowId: 'doctor', task: TASK, notice });
      known.add(id);
    }
  };
  await CancellationScope.withTimeout(NOTICES_TIMEOUT, telling).catch((failure: unknown) => {
    if (CancellationScope.current().consideredCancelled) throw failure;
  });
  return bad.map(({ id }) => id).filter((id) => known.has(id));
}
