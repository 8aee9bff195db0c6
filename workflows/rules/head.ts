import type { ForeignCommit } from '../contracts/activities.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';

/**
 * What a look tells of the head: where it is, which commits of others are new since the one known, and whether it descends
 * from that.
 */
export interface HeadSeen {
  head?: string | undefined;
  foreign?: readonly ForeignCommit[] | undefined;
  descends?: boolean | undefined;
}

type Judged = NonNullable<StepRecord['judged']>;

/**
 * Why a verdict does not hold for the head that was found, or nothing while it does. A yes holds for what was judged and
 * for what descends from it by commits of ours; each look tells of the way from the head before, so that what one look has
 * voided stays so, unless the very commit that was judged is the head again.
 */
export function overtakenBy({ head, foreign = [], descends }: HeadSeen, judged: Judged): string | undefined {
  if (head === undefined) return judged.voided;
  if (head === judged.head) return undefined;
  if (foreign.length > 0) return judged.voided ?? cameAfter(foreign);
  if (descends === false) return judged.voided ?? `The branch was set to ${short(head)}, which is not built on it.`;
  return judged.voided;
}

/** As `overtakenBy` was once: by commits that had not been seen before, and for good. Runs of then are replayed by it. */
export const countedAgainst = (fresh: readonly ForeignCommit[], judged: Judged): string | undefined =>
  judged.voided ?? (fresh.length > 0 ? cameAfter(fresh) : undefined);

/** What was judged before so many commits of others were known, as builds noted it that only counted them. */
export function markByCount(steps: readonly Pick<StepRecord, 'judged'>[], foreign: readonly ForeignCommit[]): void {
  for (const { judged } of steps) {
    const since = judged && judged.voided === undefined ? foreign.slice(judged.foreign) : [];
    if (since.length > 0) judged!.voided = cameAfter(since);
  }
}

/** Why commits of others void what was judged before they came. */
export function cameAfter(foreign: readonly ForeignCommit[]): string {
  const [first] = foreign;
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : '';
  return `Commit ${short(first!.commit)} by ${first!.author}${more} came after it was judged.`;
}

/**
 * Why a verdict no longer holds, or nothing while it does (contract 10). A person's and a companion's survive commits of
 * our own helpers; a commit by anybody else voids them, and so does any commit where the policy says so.
 */
export function voided(step: StepRecord, run: Pick<RunState, 'head' | 'policy'>): string | undefined {
  const { judged } = step;
  if (!judged || step.state !== 'done') return undefined;
  if (judged.voided !== undefined) return judged.voided;
  const moved = run.policy.reconfirm === 'any' && judged.by === 'person' && judged.head !== run.head;
  return moved ? `The head moved to ${run.head?.slice(0, 8) ?? 'nowhere'} after it was confirmed.` : undefined;
}

export const voidedSteps = (run: RunState) =>
  run.steps.flatMap((step) => {
    const because = voided(step, run);
    return because === undefined ? [] : [{ step, because }];
  });

const short = (commit: string) => commit.slice(0, 8);
