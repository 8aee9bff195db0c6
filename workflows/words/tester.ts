import { namesOf, paragraphs, REPAIR, type Parts } from './parts.ts';

export const testerRuns = () => 'The tester runs the change';

export const greenlit = ({ concerns }: Parts<'greenlit'>) =>
  `The tester gives its greenlight.${concerns.length > 0 ? ` Advice: ${named(concerns)}.` : ''}`;

export const notGreenlit = ({ greenlight, concerns, failed, summary }: Parts<'notGreenlit'>) => {
  const failures = namesOf(failed);
  const why = concerns.length > 0 ? named(concerns) : failures || summary || 'no reason';
  return `${greenlight ? 'The tester has concerns' : 'The tester withholds its greenlight'}: ${why}.`;
};

/** How many concerns a sentence names. */
const NAMED = 5;

function named(concerns: Parts<'greenlit'>['concerns']): string {
  const first = concerns.slice(0, NAMED).map(({ title, severity }) => `${title} (${severity})`);
  return `${first.join(', ')}${concerns.length > NAMED ? ` and ${concerns.length - NAMED} more` : ''}`;
}

export const testerHint = () => 'Fix what the tester names on the work branch, then retry the run.';

export const noReport = () => 'The tester answered twice without a report.';

export const noReportHint = () =>
  'output: expected { "greenlight": true | false, "summary": "…", "tested": […], "outcomes": […], "concerns": […] }';

// What the tester and the fixer are asked

/** It states the rule by which the gate judges. */
export const testBrief = ({ description, repair }: Parts<'testBrief'>) =>
  paragraphs(
    description,
    'Run the change and try it, in the environment you are given if there is one, else in your checkout. Change nothing.',
    'Answer in `output` with { "greenlight": true | false, "summary": "…", "tested": ["…"], "outcomes": [{ "name", "status": "passed" | "failed" | "skipped", "detail"? }], "concerns": [{ "title", "detail", "severity": "low" | "medium" | "high" | "critical" }] }.',
    'In the first round any concern is fixed; later only those that are high or critical, and the rest is advice.',
    repair && REPAIR,
  );

/** The summary, every concern with its severity, and of the outcomes those that failed. */
export const fixReportBrief = ({ summary, concerns, outcomes }: Parts<'fixReportBrief'>) =>
  paragraphs(
    'The tester ran the change, and does not let it pass. Fix the change on the work branch so that it will.',
    summary && `Its summary: ${summary}`,
    ...concerns.map(({ title, severity, detail }) => `## ${title} (${severity})\n\n${detail || '(no detail)'}`),
    ...outcomes
      .filter(({ status }) => status === 'failed')
      .map(({ name, detail }) => `## Failed: ${name}\n\n${detail ?? '(no detail)'}`),
  );
