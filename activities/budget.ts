import type { Activities, JobReport } from '../workflows/contracts/activities.ts';
import { exceeds } from '../workflows/contracts/cents.ts';
import { notYet } from './failures.ts';
import type { Meter, Ports } from './ports.ts';
import type { Settings } from './settings.ts';

/**
 * The budget is polled less often than other things, in milliseconds, because it changes only by hand or when the month
 * ends.
 */
const POLL_MS = 30_000;

export const budgetActivities = (
  { meter }: Pick<Ports, 'meter'>,
  { lookMs, budgetCents }: Pick<Settings, 'lookMs' | 'budgetCents'>,
): Pick<Activities, 'withinBudget'> => ({
  async withinBudget() {
    const over = await overBudget(meter, budgetCents);
    if (over) throw notYet(over, Math.min(POLL_MS, Math.max(lookMs, 1_000)));
  },
});

const monthOf = (time: Date): string => time.toISOString().slice(0, 7);

/** The reason why no new job may start. Undefined if it may. Spending exactly the budget is allowed. */
export async function overBudget(meter: Meter, budgetCents: number | undefined): Promise<string | undefined> {
  if (budgetCents === undefined) return undefined;
  const month = monthOf(new Date());
  const spent = await meter.spent(month);
  if (!exceeds(spent, budgetCents)) return undefined;
  return `All runs together have spent ${spent} of ${budgetCents} cents in ${month}: the wait ends with a higher budget, or next month`;
}

/** Records the cost of a job, if its report has one. */
export async function metered(meter: Meter, key: string, report: JobReport): Promise<void> {
  const costCents = 'usage' in report ? report.usage?.costCents : undefined;
  if (costCents) await meter.record({ key, at: new Date().toISOString(), costCents });
}
