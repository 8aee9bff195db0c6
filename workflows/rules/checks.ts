import type { CheckReport } from '../contracts/activities.ts';
import type { Verdict } from '../contracts/outcome.ts';
import { PASSING } from '../contracts/reports.ts';

export const failingOf = ({ checks }: Pick<CheckReport, 'checks'>) =>
  checks.filter(({ conclusion }) => !PASSING.has(conclusion));

/** One red check fails the change. No check at all passes it, because the grace period is over by now. */
export function judgeChecks(report: CheckReport): Verdict {
  const failing = failingOf(report);
  if (failing.length > 0) {
    return { pass: false, reason: { fact: 'checksFailed', failing }, head: report.head, failing };
  }
  const count = report.checks.length;
  return { pass: true, note: count > 0 ? { fact: 'checksPassed', count } : { fact: 'noChecks' } };
}
