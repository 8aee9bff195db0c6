import type { Fact, Text } from '../../contracts/facts.ts';
import type { GateContext, GateEnd } from '../gate.ts';

/** What the merger uses. */
export const USES = ['activities', 'base', 'checks', 'verdicts'] as const;
export type Context = GateContext<unknown, (typeof USES)[number]>;

export const passedBefore = (ctx: Context, kind: string) =>
  ctx.steps().filter((step) => step.kind === kind && step.state === 'done' && step.step < ctx.step.step);

/** Sends the run back to its gates of this kind. Without one, the merge is tried and a person decides. */
export function reopen(ctx: Context, kind: string, because: Text): GateEnd | undefined {
  const steps = passedBefore(ctx, kind);
  return steps.length > 0 ? { is: 'back', to: steps.map(({ id }) => id), because } : undefined;
}

/**
 * Merges the base into the work branch, so that what is checked contains it, and sends the run back: to `ci`, or if they
 * conflict, to `conflicts`. `against`: why that is not possible, for a person. Neither: it is done, and no step is to be taken
 * again. `resolves`: whether a conflict may send the run back, which it did not in earlier builds.
 */
export async function takeBase(
  ctx: Context,
  because: Fact,
  { resolves = true } = {},
): Promise<{ back?: GateEnd | undefined; against?: Fact }> {
  const { base } = ctx.change();
  if (!ctx.base.mayTake()) return { against: because };
  const refusal = await ctx.base.take({ phase: 'updating-branch', waitingOn: 'forge', detail: because, because });
  if (refusal === undefined) return { back: reopen(ctx, 'ci', because) };
  const back = resolves && refusal.files && reopen(ctx, 'conflicts', { fact: 'mergeConflicts', files: refusal.files });
  return back ? { back } : { against: { fact: 'baseNotTaken', because, base, refusal: refusal.because } };
}
