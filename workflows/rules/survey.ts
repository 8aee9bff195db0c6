import type { Failing, Orphan, Stuck, SurveyFacts, UnsentNotices } from '../contracts/survey.ts';

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

/** A problem that a survey has found. Its id is the same in each pass that finds it. `since`: when it began, as ISO time. */
export type Problem = { id: string; since?: string | undefined } & (
  | { is: 'left-by-run'; run: Orphan['holder']; end: Orphan['fate']; orphans: Orphan[] }
  | { is: 'orphan'; orphan: Orphan }
  | { is: 'unsent'; notices: UnsentNotices }
  | { is: 'stuck'; stuck: Stuck }
  | { is: 'failing'; failing: Failing }
  | { is: 'unseen'; because: string }
);

export type Subject =
  'terminated runs' | 'notices' | 'workflow tasks' | 'environments' | 'jobs' | 'what waits' | 'survey';

/** The problems of each subject, in the order in which people read them. */
export function problemsOf(facts: SurveyFacts): { about: Subject; problems: Problem[] }[] {
  const due = facts.leftovers.filter((each) => isDue(each, facts.at));
  const cut = due.filter(({ fate }) => isCut(fate));
  const others = due.filter(({ fate }) => !isCut(fate));
  const isEnvironment = ({ kind }: Orphan) => kind === 'environment' || kind === 'site';
  return [
    { about: 'terminated runs', problems: byRun(cut).map(leftByRun) },
    { about: 'notices', problems: facts.untold.map(unsent) },
    {
      about: 'workflow tasks',
      problems: facts.stuck.map((stuck) => ({ is: 'stuck', id: `stuck/${stuck.workflowId}`, stuck })),
    },
    { about: 'environments', problems: others.filter(isEnvironment).map(orphan) },
    { about: 'jobs', problems: others.filter((each) => !isEnvironment(each)).map(orphan) },
    {
      about: 'what waits',
      problems: facts.failing.map((failing) => ({
        is: 'failing',
        id: `failing/${failing.workflowId}/${failing.activity}`,
        failing,
      })),
    },
    {
      about: 'survey',
      problems: facts.unseen.map((because) => ({ is: 'unseen', id: `unseen/${because.split(':', 1)[0]!}`, because })),
    },
  ];
}

/** Whether the run could not clean up after itself. */
const isCut = (fate: Orphan['fate']): boolean =>
  fate.is === 'gone' && (fate.how === 'TERMINATED' || fate.how === 'TIMED_OUT');

/** Groups orphans by the run that left them. */
function byRun(orphans: Orphan[]): Orphan[][] {
  const runs = new Map<string, Orphan[]>();
  for (const each of orphans) {
    const name = nameOf(each);
    runs.set(name, [...(runs.get(name) ?? []), each]);
  }
  return [...runs.values()];
}

const nameOf = ({ holder }: Orphan): string => `${holder.workflowId}/${holder.runId.slice(-12)}`;
const endOf = (fate: Orphan['fate']): { since?: string | undefined } => (fate.is === 'gone' ? { since: fate.at } : {});

function leftByRun(orphans: Orphan[]): Problem {
  const first = orphans[0]!;
  const { holder: run, fate: end } = first;
  return { is: 'left-by-run', id: `cut/${nameOf(first)}`, ...endOf(end), run, end, orphans };
}

const orphan = (orphan: Orphan): Problem => ({
  is: 'orphan',
  id: `left/${orphan.kind}/${orphan.key}`,
  ...endOf(orphan.fate),
  orphan,
});

const unsent = (notices: UnsentNotices): Problem => ({
  is: 'unsent',
  id: notices.is === 'missing' ? `untold/${notices.workflowId}/${notices.since}` : `kept/${notices.adapter}`,
  since: notices.since,
  notices,
});
