import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { branchOf, releaseIdOf, runIdOf, type RunInput } from '../../workflows/contracts/pipeline-run.ts';
import { scriptedAnswerTo } from './scripted-answers.ts';
import { Cluster } from './sandbox/cluster.ts';
import type { Execution } from './sandbox/execution.ts';
import type { Closed } from './sandbox/wire.ts';
import type { Script } from './script.ts';
import { worldOf } from './world.ts';

const MINUTE = 60_000;
/** A script may have a run go round for ever: after so many turns it is left. */
const MOST_TURNS = 2_000;

export interface Simulated {
  workflowId: string;
  end: Closed | { unfinished: true };
  /** Virtual time, in minutes. */
  minutes: number;
  run: RunAnswer;
}

/** One look at a run that is played, and when that is. */
export type Tell = (look: { run: RunAnswer; log: never[]; minutes: number }) => void;

/**
 * Plays a run against a scripted world, in virtual time: the workflow code is the one that workers run. Answers how the
 * run ended, and its release watch after it, if there is one.
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

/** People say their lines; when they have none left, they let the run go on. */
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
    // A line that came at the wrong moment is heard all the same: as a signal it is in the log.
    if (refused) await run.signal(action, said);
    return true;
  }
}

interface Line {
  action?: string;
  afterMinutes?: number | undefined;
  [field: string]: unknown;
}

/** A reviewer that a script has not be understood would not be the next time either: then it is gone on without. */
function consent(current: RunAnswer['current'], offers: RunAnswer['waitingOn']['offers']): Line {
  const answer = scriptedAnswerTo(
    current,
    offers.filter((offer) => offer !== 'reviewAgain'),
  );
  return answer ? { action: answer.action, ...answer.said } : {};
}
