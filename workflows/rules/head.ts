import type { RunState, StepRecord } from '../contracts/state.ts';

/**
 * Why a verdict no longer holds, or nothing while it does (contract 10). A person's and a companion's survive commits of
 * our own helpers; a commit by anybody else voids them, and so does any commit where the policy says so.
 */
export function voided(step: StepRecord, run: Pick<RunState, 'foreign' | 'head' | 'policy'>): string | undefined {
  const { judged } = step;
  if (!judged || step.state !== 'done') return undefined;

  const since = run.foreign.slice(judged.foreign);
  if (since.length > 0) {
    const [first] = since;
    const more = since.length > 1 ? ` and ${since.length - 1} more` : '';
    return `Commit ${first!.commit.slice(0, 8)} by ${first!.author}${more} came after it was judged.`;
  }
  const moved = run.policy.reconfirm === 'any' && judged.by === 'person' && judged.head !== run.head;
  return moved ? `The head moved to ${run.head?.slice(0, 8) ?? 'nowhere'} after it was confirmed.` : undefined;
}

export const voidedSteps = (run: RunState) =>
  run.steps.flatMap((step) => {
    const because = voided(step, run);
    return because === undefined ? [] : [{ step, because }];
  });
