import { z } from 'zod';
import type { Revision } from '../contracts/activities.ts';
import { failed, passed } from '../contracts/outcome.ts';
import type { CompanionVerdict } from '../contracts/reading.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import { judgeReview, Review } from '../rules/companion.ts';
import { lost } from './agent.ts';
import { approveOutput } from './approval.ts';
import { consult, makerOf } from './consensus.ts';
import { commitDocument } from './documents.ts';
import { budgetOf, defineGate, judge, Nothing, type GateContext, type GateEnd } from './gate.ts';

/** The rating that passes where a step states none. */
const THRESHOLD = 0.8;

type Back = (rework: Revision) => GateEnd;

/**
 * A companion grades what the step before it made, and sends it back until it is good enough. When its reworks are used up,
 * a person decides.
 */
const companion = <Kind extends string>(kind: Kind, producer: string, ofTheChange: boolean) =>
  defineGate({
    kind,
    options: z.object({
      /** The lowest rating that passes. Default: 0.8. */
      threshold: z.number().min(0).max(1).optional(),
      /** How many times to send the work back. Default: `companionAttempts` of the policy. */
      attempts: z.number().int().min(0).max(1_000).optional(),
    }),
    roles: [kind],
    takes: { approval: true, when: true, consensus: true },
    after: [producer],
    uses: [...USES],

    async run(ctx) {
      const made = ctx.steps()[ctx.step.step - 2]!;
      if (made.state === 'skipped') return passed({ fact: 'producerSkipped', role: made.kind });
      const back = ctx.resumed(Nothing) && ctx.step.verdicts.at(-1);
      // It grades the head that it was sent to. Nobody has judged what comes in meanwhile.
      if (!back && ofTheChange) judge(ctx, 'companion');
      const graded = back ?? (await grade(ctx, ctx.options.threshold ?? THRESHOLD));
      if ('is' in graded) return graded;

      const { rating, threshold } = graded;
      const because = { fact: 'ratedBelow', role: kind, rating, threshold } as const;
      const end = await answer(ctx, made, graded, (rework) => ({ is: 'back', to: [made.id], because, rework }));
      // Later commits void the verdict only on what is part of the change.
      if (ofTheChange && end.is === 'passed' && (back || !graded.passed)) judge(ctx, 'companion');
      if (ofTheChange && end.is === 'approved') judge(ctx, 'person');
      return end;
    },
  });

const USES = ['documents', 'output', 'stop', 'verdicts'] as const;
type Graded = GateContext<{ threshold?: number | undefined; attempts?: number | undefined }, (typeof USES)[number]>;

/** What a verdict means: the run continues, a person decides, or the work goes back, as often as there are reworks. */
async function answer(ctx: Graded, made: StepRecord, graded: CompanionVerdict, back: Back): Promise<GateEnd> {
  const { passed: good, rating, threshold, feedback, kept } = graded;
  if (good && ctx.step.options.approval) return approved(ctx, made, back);
  if (good) return passed({ fact: 'ratedWell', rating, threshold });

  const most = (ctx.options.attempts ?? ctx.policy.companionAttempts) + ctx.step.extra;
  const reworks = budgetOf(ctx.step, 'rework', most);
  const rework = { previousOutput: '', feedback, comments: [], ...(kept && { kept }) };
  if (!reworks.left()) return capped(ctx, graded, most, () => back(rework));
  reworks.spend();
  return back(rework);
}

/** Grades once. An unreadable answer gets one repair job, and never passes silently. */
async function grade(ctx: Graded, threshold: number): Promise<CompanionVerdict | GateEnd> {
  const { kind } = ctx.step;
  const brief = (repair: boolean) => ({ fact: 'companionBrief', role: kind, threshold, repair }) as const;
  const view = { phase: 'reviewing', verdicts: ctx.step.verdicts } as const;
  const jobs = [
    () => consult(ctx, { mode: 'read', brief: brief(false) }, view),
    () => ctx.send(makerOf(ctx), { mode: 'read', brief: brief(true) }, view),
  ];
  let raw = '';
  for (const job of jobs) {
    const end = await job();
    if (end.is === 'failed') return lost(end);
    const { data } = Review.safeParse(end.output);
    if (data) {
      const reworks = ctx.step.spent['rework'] ?? 0;
      const judged = judgeReview(data, { threshold, reworks, summary: end.summary });
      const { feedback, kept } = await ctx.output.revision({ feedback: judged.feedback, comments: [] });
      const verdict = { ...judged, feedback, ...(kept && { kept }) };
      ctx.step.verdicts.push(verdict);
      await ctx.keep(ctx.step, end);
      return verdict;
    }
    raw = typeof end.output === 'string' ? end.output : JSON.stringify(end.output ?? end.summary);
  }
  return failed(
    'companion_rejected',
    { fact: 'noAssessment', role: kind },
    {
      detail: raw.slice(0, 2_000),
      hint: { fact: 'noAssessmentHint' },
    },
  );
}

/** The automatic reworks are used up. That is no failure: a person decides whether another round is worth it. */
async function capped(
  ctx: Graded,
  { rating, threshold, feedback }: CompanionVerdict,
  max: number,
  back: () => GateEnd,
): Promise<GateEnd> {
  const { kind, verdicts } = ctx.step;
  const because = { fact: 'reworksUsedUp', role: kind, rating, threshold, max } as const;
  for (;;) {
    const answer = await ctx.park(
      () => ({
        detail: because,
        because,
        verdicts,
        cap: { of: kind, used: ctx.step.spent['rework'] ?? 0, max, feedback },
        offers: ['resolveCap'] as const,
      }),
      { type: 'decision_required', text: { fact: 'reworksUsedUpQuestion', because } },
    );
    if (answer.kind === 'moved') continue;
    switch (answer.choice) {
      case 'extra-round':
        ctx.step.extra += 1;
        budgetOf(ctx.step, 'rework', Infinity).spend();
        return back();
      case 'proceed':
        return passed({ fact: 'proceededAt', by: answer.by, rating });
      case 'stop':
        return ctx.stop();
    }
  }
}

/** A person approves the producer's work once it has passed. An edit and a change request are about that work. */
async function approved(ctx: Graded, owner: StepRecord, back: Back): Promise<GateEnd> {
  for (;;) {
    const answer = await approveOutput(ctx, owner);
    if (answer.is === 'moved') continue;
    if (answer.is === 'rework') return back(answer.rework);
    if (owner.edited && answer.end.is === 'approved') await commitDocument(ctx, owner);
    return answer.end;
  }
}

/** Each companion, and whose work it grades. */
export const companions = [
  companion('reviewer', 'coder', true),
  companion('architect-companion', 'architect', false),
  companion('spec-companion', 'spec-writer', false),
];
