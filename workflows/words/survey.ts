import { shellWord } from '../contracts/text/quoting.ts';
import type { Failing, Found, Orphan, Stuck, SurveyFacts, UnsentNotices } from '../contracts/survey.ts';
import { bytesInWords } from '../contracts/text/sizes.ts';
import { problemsOf, type Problem, type Subject } from '../rules/survey.ts';

const FIX = 'gatehouse doctor --fix';

/** What one pass has found: one line for each problem, and one line for each subject without any. */
export const findingsOf = (facts: SurveyFacts): Found[] => [
  ...problemsFound(facts),
  ...(facts.storage ? [storageFound(facts.storage)] : []),
];

const problemsFound = (facts: SurveyFacts): Found[] =>
  problemsOf(facts).flatMap(({ about, problems }): Found[] => {
    const none = NONE[about];
    if (problems.length === 0) return none === undefined ? [] : [{ id: about, about, ok: true, detail: none }];
    return problems.map((problem) => ({
      id: problem.id,
      about,
      ok: false,
      ...textOf(problem),
      ...(problem.since && { since: problem.since }),
    }));
  });

function storageFound({ sizes, pruned }: NonNullable<SurveyFacts['storage']>): Found {
  const bytes = Object.fromEntries(Object.entries(sizes).filter(([, size]) => size !== undefined)) as Record<
    string,
    number
  >;
  const counted = Object.entries(bytes).map(([what, size]) => `${what} ${bytesInWords(size)}`);
  const removed = Object.entries(pruned).flatMap(([what, count]) =>
    count > 0 && what !== 'mirrors'
      ? [`${count} ${count === 1 ? what.replace(/(?:ie)?s$/, (end) => (end === 'ies' ? 'y' : '')) : what}`]
      : [],
  );
  const detail = `${counted.join(', ')}${removed.length > 0 ? `; removed: ${removed.join(', ')}` : ''}`;
  return { id: 'storage', about: 'storage', ok: true, detail, bytes };
}

const NONE: Record<Subject, string | undefined> = {
  'terminated runs': 'none has left anything behind',
  notices: 'all are out',
  'workflow tasks': 'none keeps failing',
  environments: 'each has its run',
  jobs: 'each has its run',
  'what waits': 'nothing fails for long',
  survey: undefined,
};

type Words = Pick<Found, 'detail' | 'mend'>;

function textOf(problem: Problem): Words {
  switch (problem.is) {
    case 'left-by-run':
      return leftByRun(problem);
    case 'orphan':
      return orphan(problem.orphan);
    case 'unsent':
      return unsentFound(problem.notices);
    case 'stuck':
      return stuckFound(problem.stuck);
    case 'failing':
      return failingFound(problem.failing);
    case 'unseen':
      return {
        detail: `could not check all of it: ${problem.because}`,
        mend: 'read the worker’s log, fix the cause, then try again',
      };
  }
}

function leftByRun({ run, end, orphans }: Extract<Problem, { is: 'left-by-run' }>): Words {
  const how = end.is === 'gone' ? ended(end.how) : 'gone';
  const at = end.is === 'gone' && end.at ? ` at ${end.at}` : '';
  return { detail: `${run.workflowId} was ${how}${at}, and has left: ${listed(orphans.map(thing))}`, mend: FIX };
}

function orphan(left: Orphan): Words {
  const { fate, holder } = left;
  if (fate.is === 'gone') {
    return { detail: `${thing(left)}: its run ${holder.workflowId} is ${ended(fate.how)}`, mend: FIX };
  }
  return {
    detail: `${thing(left)}: this server knows no run ${holder.workflowId} …${holder.runId.slice(-12)}`,
    mend: 'if TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are correct, remove it by hand: it may belong to another server, so gatehouse never touches it',
  };
}

const ended = (how: string): string => how.toLowerCase().replace('_', ' ');

function thing({ kind, key, running, change }: Orphan): string {
  switch (kind) {
    case 'job':
      return running ? `job ${key}, which runs` : `the checkout of job ${key}`;
    case 'checks':
      return `checks of ${change?.branch ?? key}`;
    case 'claim':
      return `the claim on ${change?.branch ?? key}`;
    case 'environment':
      return `environment ${key}`;
    case 'site':
      return `environment ${key}, which has no workflow`;
  }
}

const LISTED = 5;
const listed = (words: string[]): string =>
  words.length > LISTED ? `${words.slice(0, LISTED).join('; ')}; and ${words.length - LISTED} more` : words.join('; ');

function unsentFound(unsent: UnsentNotices): Words {
  if (unsent.is === 'missing') {
    const { workflowId, because } = unsent;
    const detail = `${workflowId} waits for a person, and nobody was notified: ${because}`;
    return { detail, mend: FIX };
  }
  const { adapter, count, since, because } = unsent;
  return {
    detail: `${count} notices wait for ${adapter} since ${since}${because ? `: ${because}` : ''}`,
    mend: `fix the receiver of ${adapter}, then: ${FIX}`,
  };
}

function stuckFound({ workflowId, attempt, nondeterminism, message }: Stuck): Words {
  const reset = `temporal workflow reset --workflow-id ${shellWord(workflowId)} --type LastWorkflowTask --reason doctor`;
  const mend = nondeterminism
    ? `deploy the build that fits its history (gatehouse export and gatehouse replay show which one), or: ${reset}`
    : UNDECODABLE.test(message)
      ? 'deploy a worker that has the codec, or the build that wrote it: the workflow then continues'
      : `deploy a build that fixes this: the workflow then continues; or: ${reset}`;
  return { detail: `${workflowId}, attempt ${attempt}: ${message}`, mend };
}

/** The errors about a payload, an input or a snapshot that another worker can read. */
const UNDECODABLE =
  /cannot be decoded|newer build wrote|unknown encoding|which the worker lacks|cannot read a snapshot/i;

const failingFound = ({ workflowId, activity, attempt, message }: Failing): Words => ({
  detail: `${workflowId} waits for ${activity}, which has failed ${attempt} times: ${message}`,
  mend: 'fix the cause: the activity is retried',
});

/** The notice about a finding. */
export const findingNotice = ({ about, detail, mend }: Found): string =>
  `${about}: ${detail}${mend ? ` Fix: ${mend}` : ''}`.slice(0, 2_000);

/** What a pass did about a problem, and what it could not do. */
export const cleared = ({ kind, key }: Pick<Orphan, 'kind' | 'key'>) => `cleared: ${kind} ${key}`;
export const sentAgain = ({ count }: { count: number }) => `notices sent again: ${count}`;
const NOT = 'not ';
export const notDone = ({ what, because }: { what: string; because: string }) => `${NOT}${what}: ${because}`;
/** Whether a line about a fix says that it was done. Surveys return lines only. */
export const isDone = (line: string): boolean => !line.startsWith(NOT);
