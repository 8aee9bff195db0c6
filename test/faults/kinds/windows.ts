import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Past } from '../judge/history.ts';
import { judge, normalised, type Violation } from '../judge/invariants.ts';
import { replayAll } from '../judge/replaying.ts';
import type { Lane } from '../lane.ts';
import { callCases, taskCases, type Case } from '../plan/faults.ts';
import { SCENARIOS, type ScenarioName } from '../plan/scenarios.ts';
import { CONVERGES_MS, play, type Played } from '../play.ts';
import type { Outcome } from '../report.ts';
import type { Stage } from '../stage.ts';

/** Runs that nobody disturbed, by scenario: what they did to the world is what every disturbed one must have done. */
type Undisturbed = Map<ScenarioName, { effects: string[]; tasks: number }>;

/** The scenario whose every workflow task is killed once. */
const HAPPY = 'tested' satisfies ScenarioName;

interface Systematic {
  /** Names of cases, or beginnings of names; none means all. */
  only: readonly string[];
  lanes: number;
}

/** Every window of every method of every port, and the worker's death at every workflow task of the happy path. */
export async function windows(stage: Stage, { only, lanes: many }: Systematic): Promise<Outcome[]> {
  const lanes = await inTurns(
    Array.from({ length: many }, (_, index) => `lane-${index + 1}`),
    3,
    (name) => stage.lane(name),
  );
  const isWanted = ({ name }: Case) => only.length === 0 || only.some((each) => name.startsWith(each));
  const calls = callCases().filter(isWanted);
  const needed = new Set<ScenarioName>(calls.map(({ scenario }) => scenario));
  if (only.length === 0 || only.some((each) => 'task:'.startsWith(each) || each.startsWith('task:'))) needed.add(HAPPY);
  const undisturbed = await baselines(stage, lanes, [...needed]);
  const tasks = taskCases(HAPPY, undisturbed.get(HAPPY)?.tasks ?? 0).filter(isWanted);

  const cases = [...tasks, ...calls];
  stage.say(`${cases.length} windows on ${lanes.length} lanes`);
  const pasts: Past[] = [];
  let done = 0;
  const outcomes = await share(cases, lanes, async (each, lane) => {
    const played = await play(stage, lane, each.scenario, { fault: each.fault, within: CONVERGES_MS[each.window] });
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

async function baselines(stage: Stage, lanes: Lane[], names: ScenarioName[]): Promise<Undisturbed> {
  const found: Undisturbed = new Map();
  await share(names, lanes, async (name, lane) => {
    const played = await play(stage, lane, name);
    const ledger = (await stage.ledgerOf(played.task)).get(played.task)!;
    const violations = judge({ ...played, ledger });
    if (violations.length > 0) throw new Error(`Undisturbed, ${name} is not well: ${JSON.stringify(violations)}`);
    found.set(name, { effects: normalised({ ledger, task: played.task }), tasks: played.tasks });
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
  const missed: Violation = { invariant: 'fault', count: 'other', text: 'the fault never struck: nothing is proven' };
  const violations = [
    ...(played.struck ? [] : [missed]),
    ...judge({ ...played, ledger, undisturbed: undisturbed.get(scenario)?.effects }),
  ];
  const took =
    played.overAt !== undefined && played.closedAt !== undefined ? played.closedAt - played.overAt : undefined;
  const kept = violations.length > 0 ? await keep(stage, name, { ...played, ledger }) : undefined;
  return {
    kind: window,
    name,
    injected: played.struck ? 1 : 0,
    actions: played.acks.length,
    tookMs: took,
    violations,
    kept,
    note: played.task,
  };
}

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

/** Hands things out to lanes, one after another each, and answers in their order. */
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

/** Does a few at a time. */
async function inTurns<T, A>(things: readonly T[], most: number, work: (thing: T) => Promise<A>): Promise<A[]> {
  const answers: A[] = [];
  for (let from = 0; from < things.length; from += most) {
    answers.push(...(await Promise.all(things.slice(from, from + most).map(work))));
  }
  return answers;
}

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
