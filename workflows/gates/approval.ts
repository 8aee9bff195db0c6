import type { Revision } from '../contracts/activities.ts';
import type { HumanAction } from '../contracts/messages.ts';
import type { StepRecord } from '../contracts/state.ts';
import type { GateContext, GateEnd } from './gate.ts';

type Approval = { is: 'ended'; end: GateEnd } | { is: 'rework'; rework: Revision } | { is: 'moved' };

/** A person approves what `owner` made: as it is, as edited, or not. An edit goes to its owner (gates Q-30). */
export async function approveOutput(ctx: GateContext<unknown, 'output'>, owner: StepRecord): Promise<Approval> {
  const answer = await ctx.park(
    () => ({
      detail: `The output of ${owner.kind} waits for approval`,
      proposal: outputText(owner),
      ...(ctx.step.reopened && { because: ctx.step.reopened }),
      offers: ['approve', 'requestChanges', 'reject'] as const,
    }),
    { type: 'approval_required', text: `The output of ${owner.kind} waits for approval.` },
  );
  switch (answer.kind) {
    case 'approve':
      if (answer.proposal !== undefined) {
        await ctx.keep(owner, { summary: answer.proposal });
        owner.edited = true;
      }
      return { is: 'ended', end: { is: 'approved', note: `Approved by ${answer.by ?? 'a person'}.` } };
    case 'requestChanges':
      return { is: 'rework', rework: await ctx.output.revision(feedbackOf(answer)) };
    case 'reject': {
      const reason = `${answer.by ?? 'A person'} rejected it${answer.reason ? `: ${answer.reason}` : '.'}`;
      return { is: 'ended', end: { is: 'rejected', type: 'rejected', reason } };
    }
    case 'moved':
      return { is: 'moved' };
  }
}

const feedbackOf = ({ feedback = '', comments = [] }: HumanAction<'requestChanges'>) => ({ feedback, comments });

/** What a person reads of an output, and what later steps are given of it. */
export const outputText = ({ summary, output }: Pick<StepRecord, 'summary' | 'output'>): string =>
  typeof output === 'string' ? output : (summary ?? '');
