import { writeRecord } from '../../files/records.ts';
import type { Redactor } from '../../settings/redacting.ts';
import type { Driven } from './driving.ts';
import { usageOf } from './spending.ts';

/** The length of a summary, in characters. It is longer than what is kept, so that the cut is noticed. */
const SUMMARY = 20_000;

interface Spending {
  model: string | undefined;
  prices: Parameters<typeof usageOf>[2];
}

/** Writes the result file, in the format of commands. A failed job has its reason in `failed`. */
export async function writeResult(
  file: string,
  driven: Exclude<Driven, { is: 'cancelled' }>,
  redactor: Redactor,
  { model, prices }: Spending,
): Promise<void> {
  const usage = usageOf(driven.spent, model, prices);
  await writeRecord(file, JSON.stringify(redactor.within({ ...said(driven), ...(usage && { usage }) })));
}

function said(driven: Exclude<Driven, { is: 'cancelled' }>) {
  switch (driven.is) {
    case 'completed':
      return { summary: driven.summary.slice(0, SUMMARY), ...(driven.output && { output: driven.output }) };
    case 'notNow':
      return { notNow: { because: driven.because, ...(driven.until !== undefined && { until: driven.until }) } };
    case 'failed':
      return { failed: driven.because };
  }
}
