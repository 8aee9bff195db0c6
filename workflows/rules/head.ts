import type { Fact, Text } from '../contracts/facts.ts';
import type { ForeignCommit } from '../contracts/activities.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';

/**
 * What a poll saw of the head: where it is, which commits of others are new since the known one, and whether it descends
 * from that.
 */
export interface HeadSeen {
  head?: string | undefined;
  foreign?: readonly ForeignCommit[] | undefined;
  descends?: boolean | undefined;
}

type Judged = NonNullable<StepRecord['judged']>;

/**
 * Why a verdict is void at the polled head. Undefined while it is valid. A verdict covers the judged commit and its
 * descendants by commits of ours. A poll sees only commits after the last known head, so a void verdict stays void, unless
 * the judged commit is the head again.
 */
export function overtakenBy({ head, foreign = [], descends }: HeadSeen, judged: Judged): Text | undefined {
  if (head === undefined) return judged.voided;
  if (head === judged.head) return undefined;
  if (foreign.length > 0) return judged.voided ?? cameAfter(foreign);
  if (descends === false) return judged.voided ?? { fact: 'branchReset', head };
  return judged.voided;
}

/** The earlier rule of `overtakenBy`, for replays of old runs: new commits by others voided a verdict permanently. */
export const countedAgainst = (fresh: readonly ForeignCommit[], judged: Judged): Text | undefined =>
  judged.voided ?? (fresh.length > 0 ? cameAfter(fresh) : undefined);

/** Commits of others void a verdict that was given before they came. */
export const cameAfter = (foreign: readonly ForeignCommit[]): Fact => ({ fact: 'commitsCameAfter', commits: foreign });

/**
 * Why a verdict is void, or nothing while it is valid. Verdicts of people and companions survive commits of our own helpers.
 * A commit by anybody else voids them. With `reconfirm: any`, every commit voids a person's.
 */
export function voided(step: StepRecord, run: Pick<RunState, 'head' | 'policy'>): Text | undefined {
  const { judged } = step;
  if (!judged || step.state !== 'done') return undefined;
  if (judged.voided !== undefined) return judged.voided;
  const moved = run.policy.reconfirm === 'any' && judged.by === 'person' && judged.head !== run.head;
  return moved ? { fact: 'headMovedAfter', head: run.head } : undefined;
}

export const voidedSteps = (run: RunState) =>
  run.steps.flatMap((step) => {
    const because = voided(step, run);
    return because === undefined ? [] : [{ step, because }];
  });
