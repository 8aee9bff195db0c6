import { z } from 'zod';
import type { Verdict } from '../contracts/outcome.ts';

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

/**
 * What a tester answers (ports.md 11.3). Whatever can be mistaken is read as the worse: an unknown severity is medium, an
 * unknown outcome was skipped, and a greenlight that is not plainly one is none.
 */
export const Report = z.object({
  greenlight: z.unknown().transform((said) => said === true),
  summary: z.string().max(10_000).catch(''),
  tested: z
    .array(z.unknown())
    .catch([])
    .transform((said) => said.filter((each) => typeof each === 'string').slice(0, 200)),
  outcomes: z
    .array(
      z.object({
        name: z.string(),
        status: z.enum(['passed', 'failed', 'skipped']).catch('skipped'),
        detail: z.string().optional().catch(undefined),
      }),
    )
    .max(500)
    .catch([]),
  concerns: z
    .array(
      z.object({
        title: z.string().min(1).max(500),
        detail: z.string().max(10_000).catch(''),
        severity: z.enum(SEVERITIES).catch('medium'),
      }),
    )
    .max(200)
    .default([]),
  environment: z.enum(['local', 'ephemeral']).optional().catch(undefined),
});
export type Report = z.output<typeof Report>;

/** Reads a report; a greenlight beside a grave concern is dropped at the door. Nothing when it is no report at all. */
export function readReport(raw: unknown): Report | undefined {
  const { data } = Report.safeParse(raw);
  return data && { ...data, greenlight: data.greenlight && !data.concerns.some(isGrave) };
}

const isGrave = ({ severity }: Report['concerns'][number]): boolean => severity === 'high' || severity === 'critical';

/** How many concerns a reason names (gates 3.4). */
const NAMED = 5;

/**
 * In the first round any concern sends the fixer, for it is cheap to act on early; later only grave ones do, and the rest
 * is advice (gates 3.3).
 */
export function judgeReport(report: Report, { fixes, head }: { fixes: number; head: string }): Verdict {
  const { greenlight, concerns, summary } = report;
  if (greenlight && (fixes === 0 ? concerns.length === 0 : !concerns.some(isGrave))) {
    const advice = concerns.length > 0 ? ` Advice: ${named(concerns)}.` : '';
    return { pass: true, note: `The tester gives its greenlight.${advice}` };
  }
  const failed = report.outcomes.filter(({ status }) => status === 'failed');
  const failing = [
    ...concerns.map(({ title, severity, detail }) => ({ name: title, conclusion: severity, log: detail })),
    ...failed.map(({ name, detail }) => ({ name, conclusion: 'failed', ...(detail && { log: detail }) })),
  ];
  const why =
    concerns.length > 0 ? named(concerns) : failed.map(({ name }) => name).join(', ') || summary || 'no reason';
  return {
    pass: false,
    reason: `${greenlight ? 'The tester has concerns' : 'The tester withholds its greenlight'}: ${why}.`,
    head,
    failing: failing.length > 0 ? failing : [{ name: 'greenlight', conclusion: 'withheld', log: summary }],
  };
}

const named = (concerns: Report['concerns']): string => {
  const first = concerns.slice(0, NAMED).map(({ title, severity }) => `${title} (${severity})`);
  return `${first.join(', ')}${concerns.length > NAMED ? ` and ${concerns.length - NAMED} more` : ''}`;
};

/** What the fixer is told: the summary, every concern with its severity, and only those outcomes that failed. */
export const briefOfReport = ({ summary, concerns, outcomes }: Report): string =>
  [
    'The tester ran the change, and does not let it pass. Mend the change on the work branch so that it would.',
    summary && `Its summary: ${summary}`,
    ...concerns.map(({ title, severity, detail }) => `## ${title} (${severity})\n\n${detail || '(no detail)'}`),
    ...outcomes
      .filter(({ status }) => status === 'failed')
      .map(({ name, detail }) => `## Failed: ${name}\n\n${detail ?? '(no detail)'}`),
  ]
    .filter(Boolean)
    .join('\n\n');
