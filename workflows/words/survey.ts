import { shellWord } from '../contracts/text/quoting.ts';
import type { Failing, Found, Orphan, SurveyFacts, Stuck, UnsentNotices } from '../contracts/survey.ts';
import { isDue } from '../rules/survey.ts';

const FIX = 'gatehouse doctor --fix';

/** What one pass has found: one line for each problem, and one line for each subject without any. */
export function findingsOf(facts: SurveyFacts): Found[] {
  const due = facts.leftovers.filter((each) => isDue(each, facts.at));
  const cut = due.filter(({ fate }) => isCut(fate));
  const others = due.filter(({ fate }) => !isCut(fate));
  const isEnvironment = ({ kind }: Orphan) => kind === 'environment' || kind === 'site';
  return [
    ...orWell('terminated runs', 'none has left anything behind', byRun(cut).map(leftByRun)),
    ...orWell('notices', 'all are out', facts.untold.map(unsentFound)),
    ...orWell('workflow tasks', 'none keeps failing', facts.stuck.map(stuckFound)),
    ...orWell('environments', 'each has its run', others.filter(isEnvironment).map(orphan)),
    ...orWell('jobs', 'each has its run', others.filter((each) => !isEnvironment(each)).map(orphan)),
    ...orWell('what waits', 'nothing fails for long', facts.failing.map(failingFound)),
    ...facts.unseen.map((detail) => ({
      id: `unseen/${detail.split(':', 1)[0]!}`,
      about: 'survey',
      ok: false,
      detail: `could not check all of it: ${detail}`,
      mend: 'read the worker’s log, fix the cause, then try again',
    })),
  ];
}

const isCut = (fate: Orphan['fate']): boolean =>
  fate.is === 'gone' && (fate.how === 'TERMINATED' || fate.how === 'TIMED_OUT');

const orWell = (about: string, detail: string, found: Omit<Found, 'about' | 'ok'>[]): Found[] =>
  found.length > 0 ? found.map((each) => ({ about, ok: false, ...each })) : [{ id: about, about, ok: true, detail }];

type Words = Omit<Found, 'about' | 'ok'>;

/** What belonged to one run, together. */
function byRun(left: Orphan[]): Orphan[][] {
  const runs = new Map<string, Orphan[]>();
  for (const each of left) {
    const name = nameOf(each);
    runs.set(name, [...(runs.get(name) ?? []), each]);
  }
  return [...runs.values()];
}

const nameOf = ({ holder }: Orphan): string => `${holder.workflowId}/${holder.runId.slice(-12)}`;

function leftByRun(all: Orphan[]): Words {
  const [first] = all;
  const { fate, holder } = first!;
  const end = fate.is === 'gone' ? fate : { how: 'gone' };
  const at = 'at' in end && end.at ? ` at ${end.at}` : '';
  return {
    id: `cut/${nameOf(first!)}`,
    detail: `${holder.workflowId} was ${ended(end.how)}${at}, and has left: ${listed(all.map(thing))}`,
    mend: FIX,
    ...('at' in end && end.at && { since: end.at }),
  };
}

function orphan(left: Orphan): Words {
  const { fate, holder } = left;
  const id = `left/${left.kind}/${left.key}`;
  if (fate.is === 'gone') {
    const detail = `${thing(left)}: its run ${holder.workflowId} is ${ended(fate.how)}`;
    return { id, detail, mend: FIX, ...(fate.at && { since: fate.at }) };
  }
  return {
    id,
    detail: `${thing(left)}: this server knows no run ${holder.workflowId} …${holder.runId.slice(-12)}`,
    mend: 'if TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are the right ones, end it by hand, because gatehouse leaves alone what may belong to another server',
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
    const { workflowId, since, because } = unsent;
    const detail = `${workflowId} waits for a person, and nobody was notified: ${because}`;
    return { id: `untold/${workflowId}/${since}`, detail, mend: FIX, since };
  }
  const { adapter, count, since, because } = unsent;
  return {
    id: `kept/${adapter}`,
    detail: `${count} notices wait for ${adapter} since ${since}${because ? `: ${because}` : ''}`,
    mend: `fix the receiver of ${adapter}, then: ${FIX}`,
    since,
  };
}

function stuckFound({ workflowId, attempt, nondeterminism, message }: Stuck): Words {
  const reset = `temporal workflow reset --workflow-id ${shellWord(workflowId)} --type LastWorkflowTask --reason doctor`;
  const mend = nondeterminism
    ? `deploy the build that fits its history (gatehouse export and gatehouse replay show which one), or: ${reset}`
    : UNDECODABLE.test(message)
      ? 'deploy a worker that has the codec, or the build that wrote it: the workflow then continues'
      : `deploy a build that fixes this: the workflow then continues; or: ${reset}`;
  return { id: `stuck/${workflowId}`, detail: `${workflowId}, attempt ${attempt}: ${message}`, mend };
}

const UNDECODABLE = /cannot be decoded|newer build wrote|unknown encoding/i;

const failingFound = ({ workflowId, activity, attempt, message }: Failing): Words => ({
  id: `failing/${workflowId}/${activity}`,
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
