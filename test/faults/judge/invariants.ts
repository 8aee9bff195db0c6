import type { Effect } from '../../../activities/ledger.ts';
import type { ActionEntry } from '../../../workflows/contracts/reading.ts';
import { actionsOf, activitiesOf, cancelledAt, endsOf, failedTasksOf, phasesOf, type Past } from './history.ts';

/** One line of the ledger: an effect, and when it was. */
export type Line = Effect & { at: string };

/** What the sender of an action was told. */
export interface Ack {
  actionId: string;
  action: string;
  is: 'taken' | 'queued' | 'refused';
  code?: string;
}

/** A run that was disturbed, as it looks from outside when all is over. */
export interface Record {
  task: string;
  repository: string;
  /** What it was to come to, and how long after the fault was over, in milliseconds. */
  expected: { end: string; withinMs: number };
  ledger: readonly Line[];
  /** The run first, then its environment and its release watch, each execution for itself. */
  pasts: readonly Past[];
  acks: readonly Ack[];
  log: readonly ActionEntry[];
  /** When the fault was over, and when everything had come to its end; no end: it did not. */
  overAt?: number | undefined;
  closedAt?: number | undefined;
  /** What an undisturbed run of the same kind did to the world. */
  undisturbed?: readonly string[] | undefined;
}

export const COUNTS = [
  'lost',
  'doubled',
  'leaked',
  'jobsDoubled',
  'mergesDoubled',
  'unconverged',
  'agentsKilled',
  'other',
] as const;
export type Count = (typeof COUNTS)[number];
export interface Violation {
  invariant: string;
  count: Count;
  text: string;
}
type Judge = (record: Record) => Violation[];

const runsOf = ({ pasts }: Record) => pasts.filter(({ workflowId }) => workflowId.startsWith('run/'));
const effects = ({ ledger }: Record, ...wanted: Effect['effect'][]) =>
  ledger.filter(({ effect }) => wanted.includes(effect));
const say = (invariant: string, count: Count, text: string): Violation => ({ invariant, count, text });

/** I1: what was acknowledged is in the history and in the log, once. */
const actionsOnce: Judge = ({ acks, log, pasts }) => {
  const past = pasts.flatMap(actionsOf);
  const lost = acks.flatMap(({ actionId, action, is }) => {
    if (is === 'refused') return [];
    const recorded = past.some((each) => each.actionId === actionId);
    const judged = log.some((entry) => entry.actionId === actionId);
    if (recorded && judged) return [];
    return [
      say('I1', 'lost', `${action} ${actionId} was ${is}, and is not in ${recorded ? 'the log' : 'the history'}`),
    ];
  });
  const entries = new Map<string, ActionEntry[]>();
  for (const entry of log) entries.set(entry.actionId, [...(entries.get(entry.actionId) ?? []), entry]);
  const doubled = [...entries.values()].filter((all) => all.filter(({ verdict }) => verdict === 'taken').length > 1);
  const silent = log.filter(({ verdict, code }) => verdict === 'refused' && !code);
  return [
    ...lost,
    ...doubled.map(([entry]) => say('I1', 'doubled', `${entry!.action} ${entry!.actionId} was taken twice`)),
    ...silent.map(({ action, actionId }) => say('I1', 'lost', `${action} ${actionId} was refused without a reason`)),
  ];
};

/** I2: at most one merge, of just the commit that was judged. */
const mergedOnce: Judge = (record) => {
  const merges = effects(record, 'merged').filter(({ key }) => key.startsWith(`${record.repository} `));
  const activities = runsOf(record).flatMap(activitiesOf);
  const asked = activities.filter(({ type }) => type === 'merge').map(({ question }) => String(question?.head));
  const checked = activities.filter(({ type, ended }) => type === 'settledChecks' && ended === 'COMPLETED');
  const result = runsOf(record).flatMap(endsOf).at(-1)?.answer?.mergeCommit;
  const tested = activities.findLast(
    ({ type, ended }) => type === 'settledMergeResult' && ended === 'COMPLETED',
  )?.answer;
  return [
    ...merges.slice(1).map(({ key }) => say('I2', 'mergesDoubled', `merged once more: ${key}`)),
    ...merges.flatMap((line) => {
      const head = line.key.slice(record.repository.length + 1);
      const green = checked.length === 0 || checked.some(({ answer }) => answer?.head === head && isGreen(answer));
      return [
        ...(asked.includes(head) ? [] : [say('I2', 'mergesDoubled', `${head} was merged, which nobody asked for`)]),
        ...(green ? [] : [say('I2', 'mergesDoubled', `${head} was merged, which was never seen green`)]),
        ...(tested?.commit === undefined || line.effect !== 'merged' || line.mergeCommit === tested.commit
          ? []
          : [say('I2', 'mergesDoubled', `merged as ${line.mergeCommit}, while ${tested.commit} was tested`)]),
        ...(line.effect !== 'merged' || result === undefined || line.mergeCommit === result
          ? []
          : [say('I2', 'mergesDoubled', `merged as ${line.mergeCommit}, told as ${result}`)]),
      ];
    }),
  ];
};
const isGreen = (report: { checks?: { conclusion: string }[] }) =>
  (report.checks ?? []).every(({ conclusion }) => ['success', 'neutral', 'skipped'].includes(conclusion));

/** I3: no key is started twice, and no two jobs of one step and role live at once; none outlives its run. */
const jobsOnce: Judge = (record) => {
  const found: Violation[] = [];
  const [live, started] = [new Map<string, string>(), new Set<string>()];
  for (const { effect, key } of effects(record, 'job-started', 'job-ended')) {
    const work = key.replace(/-\d+$/, '');
    if (effect === 'job-ended') {
      if (live.get(work) === key) live.delete(work);
      continue;
    }
    const other = live.get(work);
    if (started.has(key)) found.push(say('I3', 'jobsDoubled', `${key} was started twice`));
    else if (other) found.push(say('I3', 'jobsDoubled', `${key} was started while ${other} lived`));
    started.add(key);
    live.set(work, key);
  }
  if (record.closedAt === undefined) return found;
  return [...found, ...[...live.values()].map((key) => say('I3', 'leaked', `${key} still runs`))];
};

/** I4: what was made was taken down, once each, and one at a time. */
const environmentsGone: Judge = (record) => {
  const found: Violation[] = [];
  const [live, made] = [new Set<string>(), new Set<string>()];
  for (const { effect, key } of effects(record, 'environment-created', 'environment-destroyed')) {
    if (effect === 'environment-destroyed') {
      live.delete(key);
      continue;
    }
    if (made.has(key)) found.push(say('I4', 'leaked', `${key} was made twice`));
    if (live.size > 0) found.push(say('I4', 'leaked', `${key} was made while ${[...live].join(', ')} stood`));
    made.add(key);
    live.add(key);
  }
  if (record.closedAt === undefined) return found;
  return [...found, ...[...live].map((key) => say('I4', 'leaked', `${key} still stands`))];
};

/** I7: visits and generations only go up. */
const neverBack: Judge = (record) => {
  const found: Violation[] = [];
  const highest = new Map<string, number>();
  const seen = (name: string, number: number) => {
    if (number < (highest.get(name) ?? 0)) found.push(say('I7', 'other', `${name} went back to ${number}`));
    highest.set(name, Math.max(number, highest.get(name) ?? 0));
  };
  for (const { type, question } of record.pasts.flatMap(activitiesOf)) {
    const visit = type === 'notify' && /^(.*)#(\d+)$/.exec(question?.notice?.visit ?? '');
    if (visit && question.notice.severity === 'normal')
      seen(`visit ${question.workflowId} ${visit[1]}`, Number(visit[2]));
    const generation = type === 'provisionEnvironment' && /^(.*)\/(\d+)$/.exec(question?.key ?? '');
    if (generation) seen(`generation ${generation[1]}`, Number(generation[2]));
  }
  return found;
};

/** I8: each execution has one end, and the run the one that it was to have. */
const oneEnd: Judge = (record) => {
  if (record.closedAt === undefined) return [];
  const { expected, pasts } = record;
  const many = pasts.filter((past) => endsOf(past).length !== 1);
  const last = runsOf(record).at(-1);
  const [end] = last ? endsOf(last) : [];
  const is = end?.is === 'COMPLETED' ? String(end.answer?.outcome) : end?.is;
  return [
    ...many.map(({ workflowId }) => say('I8', 'other', `${workflowId} has not exactly one end`)),
    ...(is === expected.end ? [] : [say('I8', 'other', `it ended as ${is}, and was to end as ${expected.end}`)]),
  ];
};

/** I13: every park told somebody, and every notice was delivered. A park that goes on in another execution was told of before. */
const toldOf: Judge = (record) => {
  const delivered = effects(record, 'notice-delivered').map(({ key }) => key);
  const owing = record.pasts.filter((past) => endsOf(past).every(({ is }) => is !== 'TERMINATED')); // who terminates, silences
  const noticesOf = (pasts: readonly Past[]) =>
    pasts.flatMap(activitiesOf).flatMap(({ type, question }) => (type === 'notify' ? [question] : []));
  const missing = noticesOf(owing).filter(
    ({ workflowId, notice }) => !delivered.some((key) => key.includes(`${workflowId}/${notice.id}@`)),
  );
  const silent = [...new Set(owing.map(({ workflowId }) => workflowId))].filter((id) => {
    const chain = owing.filter(({ workflowId }) => workflowId === id);
    const parked = chain.flatMap(phasesOf).some(({ phase }) => phase.endsWith(':parked'));
    return parked && !noticesOf(chain).some(({ notice }) => notice.visit);
  });
  return [
    ...missing.map(({ notice }) => say('I13', 'other', `${notice.id} was never delivered`)),
    ...silent.map((id) => say('I13', 'other', `${id} parked, and told nobody`)),
  ];
};

/** I14: when the fault is over, all comes to its end in time. */
const converged: Judge = ({ overAt, closedAt, expected }) => {
  if (closedAt === undefined) return [say('I14', 'unconverged', 'it has not come to its end')];
  const took = closedAt - (overAt ?? closedAt);
  return took <= expected.withinMs
    ? []
    : [say('I14', 'unconverged', `it took ${took} ms after the fault was over, and was to take ${expected.withinMs}`)];
};

/** I15: after its cancellation a run begins nothing. */
const nothingAfter: Judge = (record) => {
  const at = runsOf(record)
    .map(cancelledAt)
    .find((time) => time !== undefined);
  if (at === undefined) return [];
  const begun = effects(
    record,
    'job-started',
    'environment-created',
    'check-started',
    'branch-pushed',
    'merged',
    'issue-filed',
  );
  return begun
    .filter((line) => Date.parse(line.at) > at)
    .map(({ effect, key }) => say('I15', 'other', `${effect} ${key}, after the run was cancelled`));
};

/** No build of ours has stumbled over a history: F05, F11. */
const noStumble: Judge = ({ pasts }) =>
  pasts.flatMap((past) =>
    failedTasksOf(past).map((because) => say('I11', 'other', `${past.workflowId}: a workflow task failed: ${because}`)),
  );

/** Whatever was done to a run, the world looks as if nothing had been. */
const asUndisturbed: Judge = (record) => {
  if (!record.undisturbed || record.closedAt === undefined) return [];
  const [now, before] = [normalised(record), record.undisturbed];
  // People are told at least once: who told them and was killed tells them again.
  const more = without(now, before).filter((effect) => !effect.startsWith('notice-delivered '));
  const fewer = without(before, now);
  return [
    ...more.map((effect) => say('ledger', 'doubled', `besides what an undisturbed run does: ${effect}`)),
    ...fewer.map((effect) => say('ledger', 'lost', `an undisturbed run does: ${effect}`)),
  ];
};

function without(all: readonly string[], taken: readonly string[]): string[] {
  const left = [...taken];
  return all.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** The ledger of one run with what differs between any two runs taken out: names, commits, times. */
export const normalised = ({ ledger, task }: Pick<Record, 'ledger' | 'task'>): string[] =>
  ledger
    .map(
      ({ effect, key, ...rest }) =>
        `${effect} ${key}${effect === 'branch-pushed' && !('to' in rest) ? ' (deleted)' : ''}`,
    )
    .map((line) =>
      line
        .replaceAll(task, 'TASK')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'RUN')
        .replace(/\b[0-9a-f]{40}\b/g, 'COMMIT')
        .replace(/\b[0-9a-f]{12}\b/g, 'RUN')
        .replace(/ISSUE-\d+/g, 'ISSUE'),
    )
    .sort();

export const JUDGES = {
  actionsOnce,
  mergedOnce,
  jobsOnce,
  environmentsGone,
  neverBack,
  oneEnd,
  toldOf,
  converged,
  nothingAfter,
  noStumble,
  asUndisturbed,
} satisfies { [name: string]: Judge };

/** All that is wrong with a run that was disturbed. */
export const judge = (record: Record): Violation[] => Object.values(JUDGES).flatMap((each) => each(record));
