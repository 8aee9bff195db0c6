import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { branchOf, releaseIdOf, runIdOf, type RunInput } from '../../workflows/contracts/pipeline-run.ts';
import { scriptedAnswerTo } from './scripted-answers.ts';
import { Cluster } from './sandbox/cluster.ts';
import type { Execution } from './sandbox/execution.ts';
import type { Closed } from './sandbox/wire.ts';
import type { Script } from './script.ts';
import { worldOf } from './world.ts';

const MINUTE = 60_000;
/** The maximum number of turns, because a script may keep a run busy for ever. */
const MOST_TURNS = 2_000;

export interface Simulated {
  workflowId: string;
  end: Closed | { unfinished: true };
  /** Virtual time, in minutes. */
  minutes: number;
  run: RunAnswer;
}

/** Called with each snapshot of the simulated run and its virtual time. */
export type Tell = (look: { run: RunAnswer; log: never[]; minutes: number }) => void;

/**
 * Simulates a run with the real workflow code against scripted services, in virtual time. Returns how the run ended and, if
 * there is one, how its release watch ended.
 */
export async function simulate(wish: unknown, input: RunInput, script: Script, tell: Tell): Promise<Simulated[]> {
  const { workspace, task, change } = input;
  const place = { repository: change.repository, base: change.base ?? 'main', branch: branchOf(input) };
  const cluster: Cluster = new Cluster(worldOf(script, () => cluster, place));
  const people = new People(script);
  const id = runIdOf(workspace, task.id);
  const played = [await play(cluster, await cluster.start('pipelineRun', id, wish), people, tell)];
  const watch = cluster.executions.get(releaseIdOf(workspace, task.id));
  if (watch) played.push(await play(cluster, watch, people, tell));
  return played;
}

async function play(cluster: Cluster, run: Execution, people: People, tell: Tell): Promise<Simulated> {
  const begun = cluster.now;
  const minutes = () => Math.round((cluster.now - begun) / MINUTE);
  for (let turn = 0; ; turn += 1) {
    const seen: RunAnswer = await run.query('run');
    tell({ run: seen, log: await run.query('actions'), minutes: minutes() });
    if (run.closed || turn === MOST_TURNS) {
      return { workflowId: run.workflowId, end: run.closed ?? { unfinished: true }, minutes: minutes(), run: seen };
    }
    const asked = seen.status === 'parked' || seen.status === 'paused';
    if (asked && (await people.act(cluster, run, seen))) continue;
    const due = cluster.nextDue();
    if (due === undefined)
      return { workflowId: run.workflowId, end: { unfinished: true }, minutes: minutes(), run: seen };
    await cluster.advance(due - cluster.now);
  }
}

/** Sends the scripted actions of people and, when none are left, whatever lets the run continue. */
class People {
  private readonly lines: Line[];

  constructor({ people }: Script) {
    this.lines = [...people];
  }

  async act(cluster: Cluster, run: Execution, { current, waitingOn }: RunAnswer): Promise<boolean> {
    const { action, afterMinutes = 0, ...said } = this.lines.shift() ?? consent(current, waitingOn.offers);
    if (action === undefined) return false;
    await cluster.advance(afterMinutes * MINUTE);
    const { refused } = await run.update(action, said);
    // An action that was refused is sent again as a signal, so that the run logs it.
    if (refused) await run.signal(action, said);
    return true;
  }
}

interface Line {
  action?: string;
  afterMinutes?: number | undefined;
  [field: string]: unknown;
}

/** The action that lets the run continue. It is never `reviewAgain`, because the script would repeat the bad review. */
function consent(current: RunAnswer['current'], offers: RunAnswer['waitingOn']['offers']): Line {
  const answer = scriptedAnswerTo(
    current,
    offers.filter((offer) => offer !== 'reviewAgain'),
  );
  return answer ? { action: answer.action, ...answer.said } : {};
}
