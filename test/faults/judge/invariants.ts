import type { Effect } from '../../../activities/ledger.ts';
import type { ActionEntry } from '../../../workflows/contracts/reading.ts';
import { actionsOf, activitiesOf, cancelledAt, endsOf, failedTasksOf, phasesOf, type Past } from './history.ts';

/** One line of the ledger: an effect and its time. */
export type Line = Effect & { at: string };

/** The acknowledgement that the sender of an action received. */
export interface Ack {
  actionId: string;
  action: string;
  is: 'taken' | 'queued' | 'refused';
  code?: string;
}

/** A disturbed run, as seen from outside after its end. */
export interface Record {
  task: string;
  repository: string;
  /** The expected end of the run, and the time limit for it, in milliseconds after the end of the fault. */
  expected: { end: string; withinMs: number };
  ledger: readonly Line[];
  /** The histories of all executions: those of the run first, then those of its environment and its release watch. */
  pasts: readonly Past[];
  acks: readonly Ack[];
  log: readonly ActionEntry[];
  /**
   * The times at which the fault was over and at which everything had ended. `closedAt` is undefined if something did not
   * end.
   */
  overAt?: number | undefined;
  closedAt?: number | undefined;
  /** The effects of an undisturbed run of the same kind. */
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

/** I1: every acknowledged action is in the history and in the log, exactly once. */
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

/** I2: at most one merge, of exactly the commit that was judged. */
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
    ...merges.slice(1).map(({ key }) => say('I2', 'mergesDoubled', `merged again: ${key}`)),
    ...merges.flatMap((line) => {
      const head = line.key.slice(record.repository.length + 1);
      const green = checked.length === 0 || checked.some(({ answer }) => answer?.head === head && isGreen(answer));
      return [
        ...(asked.includes(head) ? [] : [say('I2', 'mergesDoubled', `${head} was merged without a request`)]),
        ...(green ? [] : [say('I2', 'mergesDoubled', `${head} was merged without green checks`)]),
        ...(tested?.commit === undefined || line.effect !== 'merged' || line.mergeCommit === tested.commit
          ? []
          : [say('I2', 'mergesDoubled', `merged as ${line.mergeCommit}, but ${tested.commit} was tested`)]),
        ...(line.effect !== 'merged' || result === undefined || line.mergeCommit === result
          ? []
          : [say('I2', 'mergesDoubled', `merged as ${line.mergeCommit}, but the run reports ${result}`)]),
      ];
    }),
  ];
};
const isGreen = (report: { checks?: { conclusion: string }[] }) =>
  (report.checks ?? []).every(({ conclusion }) => ['success', 'neutral', 'skipped'].includes(conclusion));

/** I3: every job is started once, two jobs of one step and role never run at once, and no job outlives its run. */
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
    else if (other) found.push(say('I3', 'jobsDoubled', `${key} was started while ${other} was running`));
    started.add(key);
    live.set(work, key);
  }
  if (record.closedAt === undefined) return found;
  return [...found, ...[...live.values()].map((key) => say('I3', 'leaked', `${key} still runs`))];
};

/** I4: every environment was created once and destroyed, and only one existed at a time. */
const environmentsGone: Judge = (record) => {
  const found: Violation[] = [];
  const [live, made] = [new Set<string>(), new Set<string>()];
  for (const { effect, key } of effects(record, 'environment-created', 'environment-destroyed')) {
    if (effect === 'environment-destroyed') {
      live.delete(key);
      continue;
    }
    if (made.has(key)) found.push(say('I4', 'leaked', `${key} was created twice`));
    if (live.size > 0) found.push(say('I4', 'leaked', `${key} was created while ${[...live].join(', ')} existed`));
    made.add(key);
    live.add(key);
  }
  if (record.closedAt === undefined) return found;
  return [...found, ...[...live].map((key) => say('I4', 'leaked', `${key} still exists`))];
};

/** I7: the numbers of visits and generations never decrease. */
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

/** I8: each execution has exactly one end, and the run has the expected one. */
const oneEnd: Judge = (record) => {
  if (record.closedAt === undefined) return [];
  const { expected, pasts } = record;
  const many = pasts.filter((past) => endsOf(past).length !== 1);
  const last = runsOf(record).at(-1);
  const [end] = last ? endsOf(last) : [];
  const is = end?.is === 'COMPLETED' ? String(end.answer?.outcome) : end?.is;
  return [
    ...many.map(({ workflowId }) => say('I8', 'other', `${workflowId} does not have exactly one end`)),
    ...(is === expected.end ? [] : [say('I8', 'other', `it ended as ${is} instead of ${expected.end}`)]),
  ];
};

/**
 * I13: every park sent a notice, and every notice was delivered. If a park continues in another execution, the earlier one
 * sent its notice.
 */
const toldOf: Judge = (record) => {
  const delivered = effects(record, 'notice-delivered').map(({ key }) => key);
  const owing = record.pasts.filter((past) => endsOf(past).every(({ is }) => is !== 'TERMINATED')); // a terminated run need not notify
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
    ...silent.map((id) => say('I13', 'other', `${id} parked without a notice`)),
  ];
};

/** I14: after the fault, everything ends in time. */
const converged: Judge = ({ overAt, closedAt, expected }) => {
  if (closedAt === undefined) return [say('I14', 'unconverged', 'it has not ended')];
  const took = closedAt - (overAt ?? closedAt);
  return took <= expected.withinMs
    ? []
    : [say('I14', 'unconverged', `it took ${took} ms after the fault, more than the ${expected.withinMs} allowed`)];
};

/** I15: a run starts nothing after its cancellation. */
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

/** I11: no workflow task has failed in any of our builds. */
const noStumble: Judge = ({ pasts }) =>
  pasts.flatMap((past) =>
    failedTasksOf(past).map((because) => say('I11', 'other', `${past.workflowId}: a workflow task failed: ${because}`)),
  );

/** A disturbed run has the same effects as an undisturbed one. */
const asUndisturbed: Judge = (record) => {
  if (!record.undisturbed || record.closedAt === undefined) return [];
  const [now, before] = [normalised(record), record.undisturbed];
  // Notices are delivered at least once: a worker that is killed after a delivery repeats it.
  const more = without(now, before).filter((effect) => !effect.startsWith('notice-delivered '));
  const fewer = without(before, now);
  return [
    ...more.map((effect) => say('ledger', 'doubled', `additional effect: ${effect}`)),
    ...fewer.map((effect) => say('ledger', 'lost', `missing effect: ${effect}`)),
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

/** The ledger of one run without the parts that differ between any two runs: names, commits and times. */
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

/** All violations by a disturbed run. */
export const judge = (record: Record): Violation[] => Object.values(JUDGES).flatMap((each) => each(record));
