import { addCents, exceeds } from '../contracts/cents.ts';
import type { Usage } from '../contracts/activities.ts';
import type { UsageTotal } from '../contracts/reading.ts';
import type { RunState } from '../contracts/run/state.ts';

/** Spending as much as is allowed is within the budget. */
export const overBudget = ({ policy, usage }: Pick<RunState, 'policy' | 'usage'>): boolean =>
  policy.budgetCents !== undefined && exceeds(usage.costCents, policy.budgetCents);

export const noUsage = (): UsageTotal => ({ inputTokens: 0, outputTokens: 0, costCents: 0, unknown: 0 });

/** Adds what one job reports as used. A job that reports no cost is counted as unknown, never as free. */
export const addUsage = (total: UsageTotal, usage: Usage | undefined): UsageTotal => ({
  inputTokens: total.inputTokens + (usage?.inputTokens ?? 0),
  outputTokens: total.outputTokens + (usage?.outputTokens ?? 0),
  costCents: addCents(total.costCents, usage?.costCents ?? 0),
  unknown: total.unknown + (usage?.costCents === undefined ? 1 : 0),
});
