import { z } from 'zod';
import type { Verdict } from '../contracts/outcome.ts';

const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

/**
 * What a tester answers. Anything unclear counts as the worse: an unknown severity is medium, an unknown outcome was
 * skipped, and only a plain `true` is a greenlight.
 */
export const Report = z.object({
  greenlight: z.unknown().transform((value) => value === true),
  summary: z.string().max(10_000).catch(''),
  tested: z
    .array(z.unknown())
    .catch([])
    .transform((items) => items.filter((item) => typeof item === 'string').slice(0, 200)),
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

/** Reads a report, or nothing when it is none. A greenlight with a high or critical concern does not count. */
export function readReport(raw: unknown): Report | undefined {
  const { data } = Report.safeParse(raw);
  return data && { ...data, greenlight: data.greenlight && !data.concerns.some(isGrave) };
}

const isGrave = ({ severity }: Report['concerns'][number]): boolean => severity === 'high' || severity === 'critical';

/**
 * In the first round any concern sends the fixer, because early fixes are cheap. Later, only high and critical ones do,
 * and the rest is advice.
 */
export function judgeReport(report: Report, { fixes, head }: { fixes: number; head: string }): Verdict {
  const { greenlight, concerns, summary } = report;
  if (greenlight && (fixes === 0 ? concerns.length === 0 : !concerns.some(isGrave))) {
    return { pass: true, note: { fact: 'greenlit', concerns } };
  }
  const failed = report.outcomes.filter(({ status }) => status === 'failed');
  const failing = [
    ...concerns.map(({ title, severity, detail }) => ({ name: title, conclusion: severity, log: detail })),
    ...failed.map(({ name, detail }) => ({ name, conclusion: 'failed', ...(detail && { log: detail }) })),
  ];
  return {
    pass: false,
    reason: { fact: 'notGreenlit', greenlight, concerns, failed, summary },
    head,
    failing: failing.length > 0 ? failing : [{ name: 'greenlight', conclusion: 'withheld', log: summary }],
  };
}
