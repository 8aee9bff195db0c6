import { isCancellation, rootCause } from '@temporalio/workflow';
import type { SurveyFacts } from '../contracts/survey.ts';
import { clearable, runsWithUnsentNotices } from '../rules/survey.ts';
import { activitiesFor } from '../temporal/proxies.ts';
import { cleared, notDone, sentAgain } from '../words/survey.ts';

/** The maximum number of orphans that one pass clears. The next pass continues. */
const MOST_CLEARED = 100;

/** Fixes what can be fixed, one at a time. Returns what was done and what was not. */
export async function mend(facts: SurveyFacts): Promise<string[]> {
  const { clearLeftover, retellNotices } = activitiesFor('doctor');
  const done: string[] = [];
  const step = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
      done.push(what);
    } catch (failure) {
      if (isCancellation(failure)) throw failure;
      done.push(notDone({ what, because: rootCause(failure) ?? 'unknown' }));
    }
  };
  for (const leftover of clearable(facts).slice(0, MOST_CLEARED)) {
    await step(cleared(leftover), () => clearLeftover({ leftover }));
  }
  if (facts.untold.length > 0) {
    const workflowIds = runsWithUnsentNotices(facts);
    await step(sentAgain({ count: facts.untold.length }), () => retellNotices({ workflowIds }));
  }
  return done;
}
