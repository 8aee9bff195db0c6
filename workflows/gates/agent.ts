import { z } from 'zod';
import type { Revision } from '../contracts/activities.ts';
import { failed, passed } from '../contracts/outcome.ts';
import { approveOutput, outputText } from './approval.ts';
import { defineGate, judge, type GateContext, type GateEnd, type JobEnd } from './gate.ts';

interface Trade {
  /** Whether what it changes is pushed, or discarded. */
  writes: boolean;
  /** Whether a run on a fresh branch fails when it changed nothing: then there is nothing to gate. */
  mustChange?: boolean;
}

/** A step that is one role of the executor, and what it says or pushes (engine 2.2). */
const agent = <Kind extends string>(kind: Kind, trade: Trade) =>
  defineGate({
    kind,
    options: z.object({}),
    roles: [kind],
    takes: { approval: true, when: kind !== 'coder' },

    async run(ctx) {
      const { step } = ctx;
      // Opened again only because a commit came in: what it made stands, and a person judges it anew.
      let made = step.reopened !== undefined && step.rework === undefined && step.summary !== undefined;

      for (;;) {
        if (!made) {
          const end = await work(ctx, trade);
          if (end.is === 'failed') return lost(end);
          made = true;
        }
        if (!step.options.approval) return passed(firstLine(step.summary));

        const answer = await approveOutput(ctx, step);
        if (answer.is === 'moved') continue;
        if (answer.is === 'rework') {
          step.rework = answer.rework;
          made = false;
          continue;
        }
        if (trade.writes && answer.end.is === 'approved') judge(ctx, 'person');
        return answer.end;
      }
    },
  });

/** One piece of work: the job, and the one question that its agent may ask. */
async function work(ctx: GateContext, trade: Trade): Promise<JobEnd> {
  const { step } = ctx;
  for (;;) {
    const fresh = ctx.head() === undefined;
    const end = await ctx.send(step.kind, {
      mode: trade.writes ? 'write' : 'read',
      brief: ctx.description(),
      ...(step.rework && { revision: step.rework }),
      ...(step.decision?.choice !== undefined && {
        resolvedDecision: { question: step.decision.question, choice: step.decision.choice },
      }),
    });
    if (end.is === 'failed') return end;
    if (end.decision && !step.decision) {
      await decide(ctx, end.decision);
      continue;
    }
    if (trade.mustChange && fresh && !end.changed) {
      return { is: 'failed', because: `${step.kind} changed nothing on a fresh branch.`, detail: end.summary };
    }
    await ctx.keep(step, end);
    delete step.rework;
    return end;
  }
}

/** The agent asked; a person chooses one of its options, and the same step runs again. */
async function decide(ctx: GateContext, asked: { question: string; options: string[] }): Promise<void> {
  const { step } = ctx;
  const decision = { id: `${step.id}/decision-1`, ...asked };
  step.decision = decision;
  for (;;) {
    const answer = await ctx.park(
      () => ({ detail: `${step.kind} asks: ${asked.question}`, decision, offers: ['decide'] as const }),
      { type: 'decision_required', text: `${step.kind} asks: ${asked.question}` },
    );
    if (answer.kind === 'moved') continue;
    step.decision = { ...decision, choice: answer.choice };
    return;
  }
}

/** What became of a job that failed: the step's outcome, with the end of what the agent said. */
export const lost = (end: Extract<JobEnd, { is: 'failed' }>): GateEnd =>
  failed(end.evicted ? 'evicted' : 'job_failed', end.because, {
    detail: end.detail,
    hint: 'Look at the detail, mend the agent or the task, then retry the run.',
  });

export const reworkOf = (feedback: string, of: { summary?: string; output?: unknown }): Revision => ({
  previousOutput: outputText(of),
  feedback,
  comments: [],
});

const firstLine = (text = '') => text.trim().split('\n', 1)[0]!.slice(0, 300) || 'Done.';

/** Every step that is nothing but an agent. To add one, state its trade here. */
export const agents = [
  agent('coder', { writes: true, mustChange: true }),
  agent('mocker', { writes: true }),
  agent('playwright', { writes: true }),
  agent('business-documenter', { writes: true }),
  agent('documenter', { writes: true }),
  agent('integrator', { writes: true }),
  agent('architect', { writes: false }),
  agent('researcher', { writes: false }),
  agent('analysis', { writes: false }),
  agent('bug-investigator', { writes: false }),
  agent('business-reviewer', { writes: false }),
];
