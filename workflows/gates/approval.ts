import type { Revision } from '../contracts/activities.ts';
import type { HumanAction } from '../contracts/messages.ts';
import type { StepRecord } from '../contracts/run/state.ts';
import type { GateContext, GateEnd } from './gate.ts';

type Approval = { is: 'ended'; end: GateEnd } | { is: 'rework'; rework: Revision } | { is: 'moved' };

/** A person approves what the owner made, as it is or as edited, or rejects it. An edit is stored with the owner. */
export async function approveOutput(ctx: GateContext<unknown, 'output'>, owner: StepRecord): Promise<Approval> {
  const detail = { fact: 'outputAwaitsApproval', role: owner.kind } as const;
  const answer = await ctx.park(
    () => ({
      detail,
      proposal: outputText(owner),
      ...(ctx.step.reopened && { because: ctx.step.reopened }),
      offers: ['approve', 'requestChanges', 'reject'] as const,
    }),
    { type: 'approval_required', text: detail },
  );
  switch (answer.kind) {
    case 'approve':
      if (answer.proposal !== undefined) {
        await ctx.keep(owner, { summary: answer.proposal });
        owner.edited = true;
      }
      return { is: 'ended', end: { is: 'approved', note: { fact: 'approvedBy', by: answer.by } } };
    case 'requestChanges':
      return { is: 'rework', rework: await ctx.output.revision(feedbackOf(answer)) };
    case 'reject': {
      const reason = { fact: 'rejectedBy', by: answer.by, reason: answer.reason } as const;
      return { is: 'ended', end: { is: 'rejected', type: 'rejected', reason } };
    }
    case 'moved':
      return { is: 'moved' };
  }
}

const feedbackOf = ({ feedback = '', comments = [] }: HumanAction<'requestChanges'>) => ({ feedback, comments });

/** An output as people and later steps read it. */
export const outputText = ({ summary, output }: Pick<StepRecord, 'summary' | 'output'>): string =>
  typeof output === 'string' ? output : (summary ?? '');
