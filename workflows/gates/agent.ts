import { z } from 'zod';
import type { Fact, Text } from '../contracts/facts.ts';
import { failed, passed, type Lost } from '../contracts/outcome.ts';
import { readEstimate } from '../rules/estimate.ts';
import { approveOutput, outputText } from './approval.ts';
import { consult } from './consensus.ts';
import { writerOf } from './documents.ts';
import { defineGate, judge, Nothing, type GateContext, type JobEnd } from './gate.ts';

type Done = Extract<JobEnd, { is: 'completed' }>;
type Shown = { summary: Text; output?: unknown };

/** What all agents use. */
const USES = ['branchResumed', 'documents', 'estimated', 'output', 'verdicts'] as const;
type Context = GateContext<unknown, (typeof USES)[number]>;

interface AgentSpec {
  /** Whether what it changes is pushed, or discarded. */
  writes?: boolean;
  /** Whether a run on a fresh branch fails when it changed nothing: then there is nothing to gate. */
  mustChange?: boolean;
  /** What it is asked besides the task. */
  asks?: Text;
  /** Its answer as people and later steps read it. */
  shows?: (end: Done, ctx: Context) => Shown;
  /** What is done with its output once it is settled, and approved if that is required. Returns a note. */
  effect?: (ctx: Context) => Promise<Fact | undefined>;
}

/** A step that runs one role, and returns or pushes what its agent made. */
const agent = <Kind extends string>(kind: Kind, spec: AgentSpec) =>
  defineGate({
    kind,
    options: z.object({}),
    roles: [kind],
    uses: [...USES],
    takes: { approval: true, when: kind !== 'coder', consensus: spec.writes !== true },

    async run(ctx) {
      const { step } = ctx;
      const back = ctx.resumed(Nothing) !== undefined && openDecision(ctx) === undefined;
      // Reopened only because a commit arrived: its output is still valid, and a person judges it again.
      let made = back || (step.reopened !== undefined && step.rework === undefined && step.summary !== undefined);

      for (;;) {
        if (!made) {
          const end = await work(ctx, spec);
          if (end.is === 'failed') return lost(end);
          made = true;
        }
        if (!step.options.approval) return passed(await noted(ctx, spec));

        const answer = await approveOutput(ctx, step);
        if (answer.is === 'moved') continue;
        if (answer.is === 'rework') {
          step.rework = answer.rework;
          made = false;
          continue;
        }
        if (answer.end.is !== 'approved') return answer.end;
        const note = spec.effect && (await spec.effect(ctx));
        if (spec.writes) judge(ctx, 'person');
        return { ...answer.end, note: { fact: 'joined', first: answer.end.note, then: note } };
      }
    },
  });

/** One piece of work: the job, and the one question that its agent may ask. */
async function work(ctx: Context, { writes, mustChange, asks, shows }: AgentSpec): Promise<JobEnd> {
  const { step } = ctx;
  const first = step.summary === undefined && !ctx.branchResumed();
  const asked = openDecision(ctx);
  if (asked) await decide(ctx, asked);
  for (;;) {
    const end = await consult(ctx, {
      mode: writes ? 'write' : 'read',
      brief: { fact: 'taskBrief', description: ctx.description(), asks },
      ...(step.rework && {
        revision: { ...step.rework, previousOutput: step.rework.previousOutput || outputText(step) },
      }),
      ...(step.decision?.choice !== undefined && {
        resolvedDecision: { question: step.decision.question, choice: step.decision.choice },
      }),
    });
    if (end.is === 'failed') return end;
    if (end.decision && step.decision?.choice === undefined) {
      await decide(ctx, { id: `${step.id}/decision-1`, ...end.decision });
      continue;
    }
    if (mustChange && first && !end.changed) {
      const because = ctx.inWords({ fact: 'agentChangedNothing', role: step.kind });
      return { is: 'failed', because, detail: end.summary };
    }
    await ctx.keep(step, shows ? shows(end, ctx) : end);
    delete step.rework;
    return end;
  }
}

type Decision = NonNullable<GateContext['step']['decision']>;

/** The question at which the run was parked when it continued as new. */
function openDecision(ctx: GateContext): Decision | undefined {
  const { decision } = ctx.step;
  return ctx.resumed(Nothing) && decision?.choice === undefined ? decision : undefined;
}

/** The agent asked a question. A person chooses one of its options, and the same step runs again. */
async function decide(ctx: GateContext, decision: Decision): Promise<void> {
  const { step } = ctx;
  step.decision = decision;
  const detail = { fact: 'agentAsks', role: step.kind, question: decision.question } as const;
  for (;;) {
    const answer = await ctx.park(() => ({ detail, decision, offers: ['decide'] as const }), {
      type: 'decision_required',
      text: detail,
    });
    if (answer.kind === 'moved') continue;
    step.decision = { ...decision, choice: answer.choice };
    return;
  }
}

/** A failed job as the step's outcome, with the end of the agent's output. */
export const lost = (end: Extract<JobEnd, { is: 'failed' }>): Lost =>
  failed(end.evicted ? 'evicted' : 'job_failed', end.because, {
    detail: end.detail,
    hint: { fact: 'jobFailedHint' },
  });

async function noted(ctx: Context, { effect }: AgentSpec): Promise<Fact> {
  const then = effect && (await effect(ctx));
  return { fact: 'joined', first: firstLine(ctx.step.summary) || { fact: 'done' }, then };
}

const firstLine = (text = '') => text.trim().split('\n', 1)[0]!.replace(/^#+ /, '').slice(0, 300);

/** Records the estimate, and shows it. Without a readable estimate the run continues without one. */
function estimate(end: Done, ctx: Context): Shown {
  const read = readEstimate(end.output);
  if (!read) return end;
  ctx.estimated(read.estimate);
  return { summary: { fact: 'estimated', ...read }, output: end.output };
}

/** Every step that is nothing but an agent. To add one, list it here. */
export const agents = [
  agent('coder', { writes: true, mustChange: true }),
  agent('mocker', { writes: true }),
  agent('playwright', { writes: true }),
  agent('business-documenter', { writes: true }),
  agent('documenter', { writes: true }),
  agent('integrator', { writes: true }),
  agent('architect', {}),
  agent('researcher', {}),
  agent('analysis', {}),
  agent('bug-investigator', {}),
  agent('business-reviewer', {}),
  agent('spec-writer', writerOf('spec-writer')),
  agent('blueprints', writerOf('blueprints')),
  agent('task-estimator', { asks: { fact: 'estimateAsked' }, shows: estimate }),
];
