import type { Orphan, SurveyFacts } from '../contracts/survey.ts';

/** How long, in milliseconds, after the end of a run its belongings may take to go by themselves. */
const GRACE = { job: 10_000, checks: 10_000, claim: 0, environment: 120_000, site: 10_000 };

/** Whether it should be gone by now. */
export const isDue = ({ kind, fate }: Orphan, now: string): boolean =>
  fate.is === 'unknown' || fate.at === undefined || Date.parse(now) - Date.parse(fate.at) >= GRACE[kind];

/** What can be cleared from here: what belongs to a run that the server itself reports as gone. */
export const clearable = ({ leftovers, at }: SurveyFacts): Orphan[] =>
  leftovers.filter((each) => each.fate.is === 'gone' && isDue(each, at));

/** The runs whose notices must be sent again. */
export const runsWithUnsentNotices = ({ untold }: SurveyFacts): string[] =>
  untold.flatMap((each) => (each.is === 'missing' ? [each.workflowId] : []));
