import { z } from 'zod';
import { failed, passed } from '../contracts/outcome.ts';
import { judgeReview, Review } from '../rules/companion.ts';
import type { CompanionVerdict } from '../contracts/reading.ts';
import { lost, reworkOf } from './agent.ts';
import { approveOutput } from './approval.ts';
import { budgetOf, defineGate, judge, type GateContext, type GateEnd, type JobEnd } from './gate.ts';

/** The original's bar, where a step states none (gates 6.1). */
const THRESHOLD = 0.8;

/**
 * A companion grades what the step before it made, and sends it back until it is good enough, or until its reworks are
 * used up: then a person says what happens.
 */
const companion = <Kind extends string>(kind: Kind, producer: string, ofTheChange: boolean) =>
  defineGate({
    kind,
    options: z.object({
      threshold: z.number().min(0).max(1).optional(),
      attempts: z.number().int().min(0).max(1_000).optional(),
    }),
    roles: [kind],
    takes: { approval: true, when: true },
    after: [producer],

    async run(ctx) {
      const made = ctx.steps()[ctx.step.step - 2]!;
      const most = () => (ctx.options.attempts ?? ctx.policy.companionAttempts) + ctx.step.extra;
      const reworks = () => budgetOf(ctx.step, 'rework', most());

      const graded = await grade(ctx, ctx.options.threshold ?? THRESHOLD);
      if ('is' in graded) return graded;
      const back = (feedback: string): GateEnd => ({
        is: 'back',
        to: [made.id],
        because: `The ${kind} rated it ${graded.rating}, below ${graded.threshold}, or had first remarks.`,
        rework: reworkOf(feedback, made),
      });

      const end = await answerTo(graded);
      // What was graded is voided by later commits only where it is part of the change.
      if (ofTheChange && end.is === 'passed') judge(ctx, 'companion');
      if (ofTheChange && end.is === 'approved') judge(ctx, 'person');
      return end;

      async function answerTo({ passed: good, rating, threshold, feedback }: CompanionVerdict): Promise<GateEnd> {
        if (good && ctx.step.options.approval) return approved(ctx, back);
        if (good) return passed(`Rated ${rating}, at or above ${threshold}.`);
        if (!reworks().left()) return capped(ctx, { rating, threshold, passed: false, feedback }, most(), back);
        reworks().spend();
        return back(feedback);
      }
    },
  });

/** Grades once; an answer that cannot be read gets one repair job, and is never a silent pass. */
async function grade(ctx: GateContext, threshold: number): Promise<CompanionVerdict | GateEnd> {
  const { kind } = ctx.step;
  const reworks = ctx.step.spent['rework'] ?? 0;
  let end: JobEnd | undefined;

  for (const brief of [briefOf(kind, threshold), `${briefOf(kind, threshold)}\n\n${REPAIR}`]) {
    end = await ctx.send(kind, { mode: 'read', brief }, { phase: 'reviewing', verdicts: ctx.step.verdicts });
    if (end.is === 'failed') return lost(end);

    const review = Review.safeParse(end.output);
    if (review.success) {
      const verdict = judgeReview(review.data, { threshold, reworks, said: end.summary });
      ctx.step.verdicts.push(verdict);
      await ctx.keep(ctx.step, end);
      return verdict;
    }
  }
  const raw = end?.is === 'completed' ? JSON.stringify(end.output ?? end.summary) : '';
  return failed('companion_rejected', `The ${kind} answered twice with something that is no review.`, {
    detail: raw.slice(0, 2_000),
    hint: 'output: expected { "rating": 0..1, "summary": "…", "comments"?: [{ "body": "…" }] }',
  });
}

/** The automatic reworks are used up. That is no failure: a person knows whether another round is worth it. */
async function capped(
  ctx: GateContext,
  { rating, threshold, feedback }: CompanionVerdict,
  max: number,
  back: (feedback: string) => GateEnd,
): Promise<GateEnd> {
  const { kind, verdicts } = ctx.step;
  const because = `The ${kind} still rates it ${rating}, below ${threshold}, after ${max} reworks`;
  for (;;) {
    const answer = await ctx.park(
      () => ({
        detail: because,
        because,
        verdicts,
        cap: { of: kind, used: ctx.step.spent['rework'] ?? 0, max, feedback },
        offers: ['resolveCap'] as const,
      }),
      { type: 'decision_required', text: `${because}. What now?` },
    );
    if (answer.kind === 'moved') continue;
    switch (answer.choice) {
      case 'extra-round':
        ctx.step.extra += 1;
        budgetOf(ctx.step, 'rework', Infinity).spend();
        return back(feedback);
      case 'proceed':
        return passed(`${answer.by ?? 'A person'} let it proceed at ${rating}.`);
      case 'stop':
        return ctx.stop();
    }
  }
}

/** What passed goes to a person, who approves the producer's work: an edit and a change request are about that. */
async function approved(ctx: GateContext, back: (feedback: string) => GateEnd): Promise<GateEnd> {
  const owner = ctx.steps()[ctx.step.step - 2]!;
  for (;;) {
    const answer = await approveOutput(ctx, owner);
    if (answer.is === 'moved') continue;
    if (answer.is === 'rework') return { ...(back('') as Extract<GateEnd, { is: 'back' }>), rework: answer.rework };
    return answer.end;
  }
}

const REPAIR = 'Your last answer could not be read. Answer with exactly the JSON asked for.';
const briefOf = (kind: string, threshold: number) =>
  [
    `You are the ${kind}. Grade the last of the prior outputs, and the change that it speaks of.`,
    'Answer in `output` with { "rating": 0..1, "summary": "…", "comments": [{ "body": "…", "quotedSource"?: "…" }] }.',
    `${threshold} or more passes. Comments are sent back to be acted on.`,
  ].join('\n');

/** Each companion, and whose work it grades. */
export const companions = [companion('reviewer', 'coder', true), companion('architect-companion', 'architect', false)];
