import { CancellationScope, isCancellation, rootCause, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { SurveyInput, type Found, type SurveyFacts, type Survey } from './contracts/survey.ts';
import { parseInput } from './temporal/input.ts';
import { activitiesFor } from './temporal/proxies.ts';
import { surveyDetails } from './rules/details.ts';
import { clearable, findingsOf, runsWithUnsentNotices } from './rules/survey.ts';

/** So much is cleared away, and so many findings are told, in one pass: the others are the next one's. */
const MOST_CLEARED = 100;
const MOST_NOTICES = 20;
/** How long telling may take in all: what is not told by then is the next pass's. */
const NOTICES_TIMEOUT = '1 minute';
/** A notice is about a task: a survey's is its own. */
const TASK = { id: 'doctor', title: 'gatehouse doctor', type: 'recurring' as const };

/**
 * One pass of the doctor: looks at the runs of this server and at what stands for them on this worker, mends what it is
 * asked to and looks again, and tells people of what the pass before did not find.
 */
export async function survey(raw: unknown): Promise<Survey> {
  const input = parseInput(SurveyInput, raw ?? {});

  const { survey: look } = activitiesFor('doctor');
  const first = await look();
  const done = input.fix ? await mend(first) : [];
  const sights = done.length > 0 ? await look() : first;
  const findings = findingsOf(sights);
  const { at } = sights;
  setCurrentDetails(surveyDetails({ at, findings, mended: done }));
  const told = input.watch ? await notifyOfNew(findings, at) : [];
  return { at, findings, mended: done, told };
}

/** Mends what can be mended from here, each by itself. Says what it did, and what it could not do. */
async function mend(sights: SurveyFacts): Promise<string[]> {
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
  for (const leftover of clearable(sights).slice(0, MOST_CLEARED)) {
    await step(`cleared away: ${leftover.kind} ${leftover.key}`, () => clearLeftover({ leftover }));
  }
  if (sights.untold.length > 0) {
    await step(`told again: ${sights.untold.length}`, () =>
      retellNotices({ workflowIds: runsWithUnsentNotices(sights) }),
    );
  }
  return done;
}

/** Tells of what is new: once for each finding, for as long as it is found. Answers the ids that have been told. */
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
