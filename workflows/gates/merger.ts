import { z } from 'zod';
import type { ActionName } from '../contracts/messages.ts';
import { failingOf, namesOf } from '../rules/checks.ts';
import { Assessment, reviewReason } from '../rules/assessment.ts';
import type { GateView } from '../contracts/state.ts';
import { lost } from './agent.ts';
import { defineGate, judge, type GateContext, type GateEnd } from './gate.ts';

const USES = ['activities', 'base', 'checks', 'verdicts'] as const;
type Context = GateContext<unknown, (typeof USES)[number]>;

/**
 * Assesses the change, and merges just the commit that was judged: by itself while the scores are within the policy and
 * nothing protected is touched, else when a person says so. Whatever moved meanwhile is judged again first.
 */
export const merger = defineGate({
  kind: 'merger',
  options: z.object({}),
  roles: ['merger'],
  uses: [...USES],
  takes: {},

  async run(ctx) {
    if (ctx.head() === undefined) return { is: 'passed', note: 'There is no change to merge.' };
    const back = ctx.resumed(Kept);
    const kept = back ?? {};
    let yes: Yes | undefined;

    for (let asked = back !== undefined; ; asked = false) {
      const end = asked ? undefined : await decide(ctx, kept, yes);
      if (end) return end;

      const answer = await review(ctx, kept);
      const { because } = kept;
      delete kept.because;
      yes = undefined;
      if (answer.kind === 'reject') {
        const reason = `${answer.by ?? 'A person'} rejected the merge${answer.reason ? `: ${answer.reason}` : '.'}`;
        return { is: 'rejected', type: 'rejected', reason };
      }
      if (answer.kind === 'merge') judge(ctx, 'person');
      if (answer.kind === 'merge') yes = { by: answer.by ?? 'a person', because };
      else kept.because = answer.because;
    }
  },
});

/** What the merger makes of the change: why a person is asked, and how which head was assessed. */
const Kept = z.strictObject({
  because: z.string().optional(),
  assessment: Assessment.optional(),
  assessed: z.string().optional(),
});
type Kept = z.output<typeof Kept>;

/** Who says that it is to be merged, and what they were told stands against it. */
interface Yes {
  by: string;
  because: string | undefined;
}

/** Merges, where nothing stands against it or a person has said so. Else it notes why a person is to be asked. */
async function decide(ctx: Context, kept: Kept, yes: Yes | undefined): Promise<GateEnd | undefined> {
  for (;;) {
    const good = await stillGood(ctx);
    if (good.is !== 'good') return good;
    // Whoever said yes has seen the change as it was then.
    if (yes) kept.because ??= ctx.step.judged?.voided;

    if (kept.assessed !== ctx.head() && !yes) {
      kept.assessed = ctx.head();
      const end = await ctx.send('merger', { mode: 'read', brief: BRIEF });
      if (end.is === 'failed') return lost(end);
      kept.assessment = Assessment.safeParse(end.output).data;
      await ctx.keep(ctx.step, end);
      if (kept.assessed !== ctx.head()) continue;
    }
    // A yes to something else is none to a red merge.
    if (good.because !== yes?.because) kept.because ??= good.because;
    if (!yes) kept.because ??= await doubts(ctx, kept.assessment);
    if (kept.because !== undefined) return undefined;

    const merged = await merge(ctx, good, yes?.by);
    if (merged.is === 'ended') return merged.end;
    if (merged.is === 'moved') continue;
    kept.because = merged.because;
    return undefined;
  }
}

const BRIEF = [
  'Assess the change on the work branch against its base: how complex it is, how risky, how far it reaches.',
  'Answer in `output` with { "complexity": 0..1, "risk": 0..1, "impact": 0..1, "rationale": "…" }. Do not merge.',
].join('\n');

/**
 * Takes the machines' verdicts again for the head as it is now, and sends the run back to whatever does not hold: a
 * person's or a companion's voided verdict first, then red checks or a conflict.
 */
async function stillGood(ctx: Context): Promise<GateEnd | Good> {
  const view: GateView = { phase: 'merging', waitingOn: 'forge', detail: 'Looking at the change once more' };
  const merges = await ctx.base.mergeability(view);
  const good: Good = { is: 'good', baseHead: merges.is === 'nothing' ? '' : merges.baseHead };
  const restores = merges.is === 'mergeable' ? merges.restores : undefined;
  if (restores)
    good.because = `It would bring back what was removed from ${ctx.change().base}: ${restores.join(', ')}.`;
  const [first, ...others] = ctx.verdicts.voided();
  if (first) return { is: 'back', to: [first, ...others].map(({ step }) => step.id), because: first.because };

  if (merges.is === 'conflicted') {
    const because = `It conflicts with its base in ${merges.files.join(', ')}.`;
    return (ctx.base.mayTake() && reopen(ctx, 'conflicts', because)) || good;
  }
  if (passedBefore(ctx, 'ci').length === 0) return good;
  const failing = failingOf(await ctx.checks({ ...view, waitingOn: 'checks', detail: 'The checks of the head' }));
  if (ctx.verdicts.voided().length > 0) return stillGood(ctx);
  if (failing.length > 0) return reopen(ctx, 'ci', `Failing checks: ${namesOf(failing)}.`) ?? good;
  const isOther = merges.is === 'mergeable' && merges.behind === true;
  return isOther && ctx.policy.tested === 'merge-result' ? goodTogether(ctx, good) : good;
}

/** Nothing stands against merging into this base, but that a person is to know of. `commit`: the merge that was tested. */
interface Good {
  is: 'good';
  baseHead: string;
  commit?: string;
  because?: string;
}

/**
 * Two changes may each be green, and break the base together. So the merge of both is tested; where it is red, the base is
 * taken into the work branch, so that `ci` sees what is wrong and its helper can mend it.
 */
async function goodTogether(ctx: Context, before: Good): Promise<GateEnd | Good> {
  const { base } = ctx.change();
  const { baseHead } = before;
  const view: GateView = {
    phase: 'merging',
    waitingOn: 'checks',
    detail: `The checks of ${ctx.head()!.slice(0, 8)} merged into ${base} as it is now (${baseHead.slice(0, 8)})`,
  };
  const result = await ctx.base.mergeResult(view, baseHead);
  if (result.is === 'moved') return stillGood(ctx);
  const failing = failingOf(result);
  const good: Good = { ...before, commit: result.commit };
  if (failing.length === 0) return good;

  const because = `Failing checks once it is merged into ${base}: ${namesOf(failing)}.`;
  if (!ctx.base.mayTake()) return { ...good, because };
  const refused = await ctx.base.take({ phase: 'updating-branch', waitingOn: 'forge', detail: because, because });
  if (refused !== undefined) return { ...good, because: `${because} ${base} could not be merged in: ${refused}.` };
  return reopen(ctx, 'ci', because) ?? { ...good, because };
}

const passedBefore = (ctx: Context, kind: string) =>
  ctx.steps().filter((step) => step.kind === kind && step.state === 'done' && step.step < ctx.step.step);

/** Sends the run back to its gates of this kind. It has none? Then the merge is tried, and a person decides. */
function reopen(ctx: Context, kind: string, because: string): GateEnd | undefined {
  const steps = passedBefore(ctx, kind);
  return steps.length > 0 ? { is: 'back', to: steps.map(({ id }) => id), because } : undefined;
}

/** Why a person must look before this is merged. */
async function doubts(ctx: Context, assessment: Assessment | undefined): Promise<string | undefined> {
  const globs = ctx.policy.protectedPaths;
  const touched = globs.length
    ? await ctx.activities.protectedPaths({ change: ctx.change(), head: ctx.head()!, globs })
    : [];
  if (touched.length > 0) return `It touches protected paths: ${touched.slice(0, 10).join(', ')}.`;
  return reviewReason(assessment, ctx.policy);
}

type Merged = { is: 'ended'; end: GateEnd } | { is: 'moved' } | { is: 'refused'; because: string };

async function merge(ctx: Context, { baseHead, commit }: Good, person: string | undefined): Promise<Merged> {
  const head = ctx.head()!;
  ctx.show({ phase: 'merging', waitingOn: 'forge', detail: `Merging ${head.slice(0, 8)} into ${ctx.change().base}` });
  const report = await ctx.base.merge({ head, baseHead, ...(commit && { commit }) });
  switch (report.is) {
    case 'merged':
      return {
        is: 'ended',
        end: {
          is: 'merged',
          mergeCommit: report.mergeCommit,
          note: person === undefined ? 'Merged.' : `Merged, as ${person} said.`,
        },
      };
    case 'moved':
      return { is: 'moved' };
    case 'conflicted':
      return { is: 'refused', because: `It could not be merged: it conflicts in ${report.files.join(', ')}.` };
    case 'refused':
      return { is: 'refused', because: `It could not be merged: ${report.because}` };
  }
}

const review = (ctx: Context, { because = '', assessment, assessed }: Kept) =>
  ctx.park(
    () => ({
      detail: because,
      because,
      ...(assessment && { assessment }),
      offers: ['merge', 'reject'] as const satisfies ActionName[],
    }),
    { type: 'merge_review', text: `${because} Merge it, or reject it.` },
    { kept: { because, assessment, assessed } satisfies Kept },
  );
