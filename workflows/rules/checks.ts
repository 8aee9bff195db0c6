import type { CheckReport } from '../contracts/activities.ts';
import { PASSING, type Failing, type Verdict } from '../contracts/outcome.ts';

export const failingOf = ({ checks }: Pick<CheckReport, 'checks'>) =>
  checks.filter(({ conclusion }) => !PASSING.has(conclusion));
export const namesOf = (failing: readonly Failing[]) => failing.map(({ name }) => name).join(', ');

/** One red check fails the change. That there is none at all was waited for as long as the grace says. */
export function judgeChecks(report: CheckReport): Verdict {
  const failing = failingOf(report);
  if (failing.length > 0) {
    const names = failing.map(({ name, conclusion }) => `${name} (${conclusion})`).join(', ');
    return { pass: false, reason: `Failing checks: ${names}.`, head: report.head, failing };
  }
  return report.checks.length > 0
    ? { pass: true, note: `${report.checks.length} ${report.checks.length === 1 ? 'check' : 'checks'} passed.` }
    : { pass: true, note: 'There are no checks: nothing gates this change.' };
}

/** The end of each failing check's output is what its mender needs most. */
export const briefOfChecks = (failing: readonly { name: string; conclusion: string; log?: string | undefined }[]) =>
  [
    'These checks fail on the head of the work branch. Mend the change so that they pass.',
    ...failing.map(({ name, conclusion, log }) => `## ${name}: ${conclusion}\n\n${log?.trim() ?? '(no output)'}`),
  ].join('\n\n');
