import { setCurrentDetails } from '@temporalio/workflow';
import { SurveyInput, type Survey } from './contracts/survey.ts';
import { mend } from './survey/mending.ts';
import { notifyOfNew } from './survey/notifying.ts';
import { parseInput } from './temporal/input.ts';
import { activitiesFor } from './temporal/proxies.ts';
import { findingsOf } from './words/survey.ts';
import { surveyDetails } from './words/views/details.ts';

/**
 * One pass of the doctor: compares the runs of this server with what exists for them on this worker, fixes what it may and
 * checks again, and sends notices about what the pass before did not find.
 */
export async function survey(raw: unknown): Promise<Survey> {
  const input = parseInput(SurveyInput, raw ?? {});

  const { survey: check } = activitiesFor('doctor');
  const first = await check();
  const mended = input.fix ? await mend(first) : [];
  const facts = mended.length > 0 ? await check() : first;
  const findings = findingsOf(facts);
  const { at } = facts;
  setCurrentDetails(surveyDetails({ at, findings, mended }));
  const reported = input.watch ? await notifyOfNew(findings, at) : [];
  return { at, findings, mended, told: reported };
}
