import { z } from 'zod';
import type { Fact, Text } from '../contracts/facts.ts';
import type { ActionName } from '../contracts/messages.ts';
import { failingOf } from '../rules/checks.ts';
import { Assessment, reviewReason } from '../rules/assessment.ts';
import type { GateView } from '../contracts/run/state.ts';
import { lost } from './agent.ts';
import { defineGate, judge, type GateEnd } from './gate.ts';
import { awaitMerge, merge, Waits, type Merged } from './merging/merge.ts';
import { passedBefore, reopen, takeBase, USES, type Context } from './merging/reopening.ts';

/**
 * Assesses the change, and merges exactly the commit that was judged: by itself while the scores are within the policy and
 * nothing protected is touched, otherwise when a person decides. A change that has moved meanwhile is judged again first.
 */
export const merger = defineGate({
  kind: 'merger',
  options: z.object({}),
  roles: ['merger'],
  uses: [...USES],
  takes: {},

  async run(ctx) {
    if (ctx.head() === undefined) return { is: 'passed', note: { fact: 'nothingToMerge' } };
    const back = ctx.resumed(Kept);
    const kept = back ?? {};
    let yes: Yes | undefined;

    for (let asked = back !== undefined; ; asked = false) {
      const end = kept.waits ? await waitOn(ctx, kept, kept.waits) : asked ? undefined : await decide(ctx, kept, yes);
      if (end) return end;

      const answer = await review(ctx, kept);
      const { because, against } = kept;
      delete kept.because;
      delete kept.against;
      yes = undefined;
      if (answer.kind === 'reject') {
        const reason: Text = { fact: 'mergeRejectedBy', by: answer.by, reason: answer.reason };
        return { is: 'rejected', type: 'rejected', reason };
      }
      if (answer.kind === 'merge') judge(ctx, 'person');
      if (answer.kind === 'merge') yes = { by: answer.by, because, against };
      else kept.because = answer.because;
    }
  },
});

/**
 * What the merger has found out: why a person is asked, and the assessment with its head. `against`: the fact about the merge
 * for which they are asked, as JSON. Older builds recorded its sentence only.
 */
const Kept = z.strictObject({
  because: z.string().optional(),
  against: z.string().optional(),
  assessment: Assessment.optional(),
  assessed: z.string().optional(),
  /** The base for which it was assessed. */
  into: z.string().optional(),
  /** The merge that the forge makes wait. */
  waits: Waits.optional(),
});
type Kept = z.output<typeof Kept>;

/** Who wants it merged, and the reason against it that they were shown. */
interface Yes {
  by: string | undefined;
  because: string | undefined;
  against: string | undefined;
}

/** Merges if nothing speaks against it or a person wants it. Otherwise it records why a person is asked. */
async function decide(ctx: Context, kept: Kept, yes: Yes | undefined): Promise<GateEnd | undefined> {
  for (;;) {
    const good = await stillGood(ctx);
    if (good.is !== 'good') return good;
    // A person's yes is about the change as it was then.
    if (yes) kept.because ??= ctx.step.judged?.voided;

    const { base } = ctx.change();
    if ((kept.assessed !== ctx.head() || (kept.into ?? base) !== base) && !yes) {
      kept.assessed = ctx.head();
      kept.into = base;
      const end = await ctx.send('merger', { mode: 'read', brief: { fact: 'assessBrief' } });
      if (end.is === 'failed') return lost(end);
      kept.assessment = Assessment.safeParse(end.output).data;
      await ctx.keep(ctx.step, end);
      if (kept.assessed !== ctx.head()) continue;
    }
    // Agreeing to something else is not agreeing to a red merge.
    if (good.against && !hasAccepted(ctx, yes, good.against) && kept.because === undefined) {
      kept.because = ctx.inWords(good.against);
      kept.against = JSON.stringify(good.against);
    }
    if (!yes) kept.because ??= await doubts(ctx, kept.assessment);
    if (kept.because !== undefined) return undefined;

    const { baseHead, commit } = good;
    const wanted = { baseHead, ...(commit && { commit }), ...(yes && { yes: { by: yes.by } }) };
    const end = endOf(kept, await merge(ctx, wanted));
    if (end !== 'again') return end;
  }
}

/** An earlier execution has left the run where the forge makes the merge wait. */
async function waitOn(ctx: Context, kept: Kept, waits: Waits): Promise<GateEnd | undefined> {
  delete kept.waits;
  const end = endOf(kept, await awaitMerge(ctx, waits));
  return end === 'again' ? decide(ctx, kept, undefined) : end;
}

/** How the gate ends after a merge. Nothing: a person is asked, and it is recorded why. */
function endOf(kept: Kept, merged: Merged): GateEnd | 'again' | undefined {
  if (merged.is === 'ended') return merged.end;
  if (merged.is === 'again') return 'again';
  kept.because = merged.because;
  return undefined;
}

/** Whether a person has accepted this fact about the merge. */
const hasAccepted = (ctx: Context, yes: Yes | undefined, fact: Fact): boolean =>
  yes !== undefined &&
  (yes.against === undefined ? yes.because === ctx.inWords(fact) : yes.against === JSON.stringify(fact));

/**
 * Checks the change again at its present head, and sends the run back to the verdict that is no longer valid: a person's or
 * a companion's first, then red checks or a conflict.
 */
async function stillGood(ctx: Context): Promise<GateEnd | Good> {
  const view: GateView = { phase: 'merging', waitingOn: 'forge', detail: { fact: 'checkingChange' } };
  const merges = await ctx.base.mergeability(view);
  const good: Good = { is: 'good', baseHead: merges.is === 'nothing' ? '' : merges.baseHead };
  const restores = merges.is === 'mergeable' ? merges.restores : undefined;
  const { base } = ctx.change();
  if (restores) good.against = { fact: 'mergeBringsBack', base, commits: restores };
  const [first, ...others] = ctx.verdicts.voided();
  if (first) return { is: 'back', to: [first, ...others].map(({ step }) => step.id), because: first.because };

  if (merges.is === 'conflicted') {
    const because: Text = { fact: 'mergeConflicts', files: merges.files };
    return (ctx.base.mayTake() && reopen(ctx, 'conflicts', because)) || good;
  }
  if (passedBefore(ctx, 'ci').length === 0) return good;
  const failing = failingOf(await ctx.checks({ ...view, waitingOn: 'checks', detail: { fact: 'checksOfHead' } }));
  if (ctx.verdicts.voided().length > 0) return stillGood(ctx);
  if (failing.length > 0) return reopen(ctx, 'ci', { fact: 'checksFailedAgain', failing }) ?? good;
  const isOther = merges.is === 'mergeable' && merges.behind === true;
  return isOther && ctx.policy.tested === 'merge-result' ? mergeResultGood(ctx, good) : good;
}

/** The change can be merged into this base. `against`: what a person must know first. `commit`: the merge that was tested. */
interface Good {
  is: 'good';
  baseHead: string;
  commit?: string;
  against?: Fact;
}

/**
 * Two changes may each be green, and break the base together. So the merge of both is tested. If it is red, the base is
 * merged into the work branch, where `ci` finds the failure and its helper can fix it.
 */
async function mergeResultGood(ctx: Context, before: Good): Promise<GateEnd | Good> {
  const { base } = ctx.change();
  const { baseHead } = before;
  const view: GateView = {
    phase: 'merging',
    waitingOn: 'checks',
    detail: { fact: 'mergeResultChecks', head: ctx.head()!, base, baseHead },
  };
  const result = await ctx.base.mergeResult(view, baseHead);
  if (result.is === 'moved') return stillGood(ctx);
  const branchOnly = result.is === 'branch-only';
  const failing = branchOnly ? [] : failingOf(result);
  const good: Good = branchOnly ? before : { ...before, commit: result.commit };
  if (!branchOnly && failing.length === 0) return good;

  const because: Fact = branchOnly ? { fact: 'baseMovedOn', base } : { fact: 'mergeResultFailed', base, failing };
  const { back, against = because } = await takeBase(ctx, because, { resolves: branchOnly });
  return back ?? { ...good, against };
}

/** Why a person must decide about the merge. */
async function doubts(ctx: Context, assessment: Assessment | undefined): Promise<string | undefined> {
  const globs = ctx.policy.protectedPaths;
  const touched = globs.length
    ? await ctx.activities.protectedPaths({ change: ctx.change(), head: ctx.head()!, globs })
    : [];
  if (touched.length > 0) return ctx.inWords({ fact: 'protectedPathsTouched', paths: touched });
  const reason = reviewReason(assessment, ctx.policy);
  return reason && ctx.inWords(reason);
}

const review = (ctx: Context, { because = '', against, assessment, assessed, into }: Kept) =>
  ctx.park(
    () => ({
      detail: because,
      because,
      ...(assessment && { assessment }),
      offers: ['merge', 'reject'] as const satisfies ActionName[],
    }),
    { type: 'merge_review', text: { fact: 'mergeQuestion', because } },
    { kept: { because, ...(against && { against }), assessment, assessed, into } satisfies Kept },
  );
