import { execa } from 'execa';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Past } from '../judge/history.ts';
import { judge, normalised, type Violation } from '../judge/invariants.ts';
import { replayAll } from '../judge/replaying.ts';
import type { Lane } from '../lane.ts';
import { callCases, localCases, taskCases, type Case } from '../plan/faults.ts';
import type { ScenarioName } from '../plan/scenarios.ts';
import { CONVERGES_MS, play, type Played } from '../play.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';

/**
 * Undisturbed runs by scenario: their effects, which every disturbed run must have too, their workflow tasks, and their
 * time in milliseconds, which is added to the time limit of disturbed runs.
 */
export type Undisturbed = Map<ScenarioName, { effects: string[]; tasks: number; tookMs: number }>;

/** The scenario of the cases `task:N`: the worker is killed once at each of its workflow tasks. */
const HAPPY = 'tested' satisfies ScenarioName;

export interface Systematic {
  /** The beginnings of names of cases. If there are none, all cases are played. */
  only: readonly string[];
  lanes: number;
}

/** Strikes in every window of every method of every port, and at every workflow task of the happy path. */
export async function windows(stage: Stage, { only, lanes: many }: Systematic): Promise<Outcome[]> {
  const names = Array.from({ length: many }, (_, index) => `lane-${index + 1}`);
  const lanes = await inTurns(names, 3, (name) => stage.lane(name));
  const calls = callCases().filter(({ name }) => isWanted(name, only));
  const needed = new Set<ScenarioName>(calls.map(({ scenario }) => scenario));
  const wantsTasks = only.length === 0 || only.some((each) => each.startsWith('task'));
  if (wantsTasks) needed.add(HAPPY);
  const undisturbed = await baselines(stage, lanes, [...needed]);
  const tasks = wantsTasks ? taskCases(HAPPY, undisturbed.get(HAPPY)!.tasks) : [];
  return strikeAll(stage, lanes, undisturbed, [...tasks.filter(({ name }) => isWanted(name, only)), ...calls]);
}

/** Strikes at the most important methods, with the git and processes of this machine. */
export async function local(stage: Stage, { only, lanes: many }: Systematic): Promise<Outcome[]> {
  const lanes = await inTurns(['local-1', 'local-2', 'local-3', 'local-4'].slice(0, many), 2, (name) =>
    stage.localLane(name),
  );
  const undisturbed = await baselines(stage, lanes.slice(0, 1), ['local']);
  const outcomes = await strikeAll(
    stage,
    lanes,
    undisturbed,
    localCases().filter(({ name }) => isWanted(name, only)),
  );
  return [...outcomes, await stillRunning(stage)];
}

export const isWanted = (name: string, only: readonly string[]) =>
  only.length === 0 || only.some((each) => startsLike(name, each));

/** Whether a name begins with this pattern. `*` matches anything, as in `machine:*:full`. */
function startsLike(name: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  if (!name.startsWith(first)) return false;
  let at = first.length;
  return others.every((part) => {
    const found = name.indexOf(part, at);
    at = found + part.length;
    return found >= 0;
  });
}

/** Finds processes that jobs, checks and previews have left running. There must be none. */
export async function stillRunning(stage: Stage): Promise<Outcome> {
  const { stdout } = await execa('ps', ['-eo', 'pid,args'], { reject: false });
  const home = path.join(stage.cluster.home, 'local');
  const left = stdout.split('\n').filter((line) => line.includes(home) && !line.includes('worker/main.ts'));
  const violations = left.map((line): Violation => ({
    invariant: 'I4',
    count: 'leaked',
    text: `still running: ${line.slice(0, 200)}`,
  }));
  return { kind: 'left behind', name: 'local', injected: 0, actions: 0, violations };
}

export async function strikeAll(
  stage: Stage,
  lanes: readonly Lane[],
  undisturbed: Undisturbed,
  cases: readonly Case[],
): Promise<Outcome[]> {
  stage.say(`${cases.length} windows on ${lanes.length} lanes`);
  const pasts: Past[] = [];
  let done = 0;
  const outcomes = await share(cases, lanes, async (each, lane) => {
    const within = CONVERGES_MS[each.window] + undisturbed.get(each.scenario)!.tookMs;
    const played = await play(stage, lane, each.scenario, { fault: each.fault, within });
    pasts.push(...played.pasts);
    const outcome = await outcomeOf(stage, each, played, undisturbed);
    done += 1;
    const took = outcome.tookMs === undefined ? '' : `, ${(outcome.tookMs / 1_000).toFixed(1)} s`;
    const bad = outcome.violations.map(({ invariant, text }) => `\n    ${invariant}: ${text}`).join('');
    stage.say(`${done}/${cases.length} ${each.name} on ${each.scenario}${took}${bad}`);
    return outcome;
  });
  return withReplay(stage, outcomes, pasts);
}

export async function baselines(stage: Stage, lanes: readonly Lane[], names: ScenarioName[]): Promise<Undisturbed> {
  const found: Undisturbed = new Map();
  await share(names, lanes, async (name, lane) => {
    const begun = Date.now();
    const played = await play(stage, lane, name);
    const tookMs = Date.now() - begun;
    const ledger = (await stage.ledgerOf(played.task)).get(played.task)!;
    const violations = judge({ ...played, ledger });
    if (violations.length > 0)
      throw new Error(`The undisturbed run of ${name} has violations: ${JSON.stringify(violations)}`);
    found.set(name, { effects: normalised({ ledger, task: played.task }), tasks: played.tasks, tookMs });
  });
  return found;
}

async function outcomeOf(
  stage: Stage,
  { name, window, scenario }: Case,
  played: Played,
  undisturbed: Undisturbed,
): Promise<Outcome> {
  const ledger = (await stage.ledgerOf(played.task)).get(played.task)!;
  const missed: Violation = { invariant: 'fault', count: 'other', text: 'the fault never struck' };
  const judged = judge({ ...played, ledger, undisturbed: undisturbed.get(scenario)?.effects });
  const violations = [...(played.struck ? [] : [missed]), ...judged.filter((each) => !isUnnoted(name, each))];
  const took =
    played.overAt !== undefined && played.closedAt !== undefined ? played.closedAt - played.overAt : undefined;
  const kept = violations.length > 0 ? await keep(stage, name, { ...played, ledger }) : undefined;
  return {
    kind: scenario === 'local' ? `local ${window}` : window,
    name,
    injected: played.struck ? 1 : 0,
    actions: played.acks.length,
    tookMs: took,
    violations,
    kept,
    note: played.task,
  };
}

/**
 * Whether the violation is only a missing line in the ledger. A worker that dies after it has moved a branch may not have
 * written the line. The move itself can be neither lost nor repeated, because it is a compare-and-swap that is read back.
 * The outcome of the run and the repository are judged as usual.
 */
const isUnnoted = (name: string, { count, text }: Violation): boolean =>
  name.startsWith('machine:git update-ref') && count === 'lost' && /: (?:branch-pushed|merged) /.test(text);

async function keep(stage: Stage, name: string, all: object): Promise<string> {
  const folder = path.join(stage.folder, name.replace(/\W/g, '-'));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'record.json'), JSON.stringify(all, undefined, 1));
  return folder;
}

async function withReplay(stage: Stage, outcomes: Outcome[], pasts: Past[]): Promise<Outcome[]> {
  stage.say(`replaying ${pasts.length} histories on this build`);
  const found = await replayAll(pasts, await stage.cluster.folder('replay'));
  return outcomes.map((outcome) => {
    const own = [...found].filter(([workflowId]) => workflowId.endsWith(`/${outcome.note}`)).flatMap(([, all]) => all);
    return { ...outcome, violations: [...outcome.violations, ...own] };
  });
}

/** Distributes items over lanes. Each lane takes one at a time. Returns the answers in the order of the items. */
async function share<T, A>(
  things: readonly T[],
  lanes: readonly Lane[],
  work: (thing: T, lane: Lane) => Promise<A>,
): Promise<A[]> {
  const answers: A[] = [];
  let next = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      for (let index = next++; index < things.length; index = next++) answers[index] = await work(things[index]!, lane);
    }),
  );
  return answers;
}

/** Runs the work for a few items at a time. */
export async function inTurns<T, A>(things: readonly T[], most: number, work: (thing: T) => Promise<A>): Promise<A[]> {
  const answers: A[] = [];
  for (let from = 0; from < things.length; from += most) {
    answers.push(...(await Promise.all(things.slice(from, from + most).map(work))));
  }
  return answers;
}
