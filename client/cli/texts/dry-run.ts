import type { DryRun } from '../../forges/dry-run.ts';
import type { StepSeen } from '../../forges/steps.ts';

/** A dry run as people read it. */
export function dryRunText(run: DryRun): string {
  if (run.is === 'refused') return ['The run would be refused:', ...refusals(run.refused)].join('\n');
  const { change, head, title, pipeline, refused, missing, steps, waitsAt } = run;
  const number = change.pullRequest === undefined ? '' : `, pull request ${change.pullRequest}`;
  return [
    `${change.repository}${number}: ${change.branch} into ${change.base}${title === undefined ? '' : `, “${title}”`}`,
    head === undefined ? 'The work branch has no commits of its own yet.' : `Its head is ${head}.`,
    ...(refused.length > 0 ? ['', 'The run would be refused at its start:', ...refusals(refused)] : []),
    ...(missing.length > 0 ? ['', 'Missing rights:', ...missing.map((each) => `  ${each}`)] : []),
    '',
    `The steps of ${pipeline}, if it began now:`,
    ...steps.flatMap(stepLines),
    '',
    waitsAt === null ? 'It would wait for nothing.' : waitLine(steps[waitsAt - 1]!),
    'This was a look only: nothing was written anywhere.',
  ].join('\n');
}

const refusals = (fields: readonly { path: string; expected: string }[]): string[] =>
  fields.map(({ path, expected }) => `  ${path}: ${expected}`);

const stepLines = ({ step, kind, would, roles }: StepSeen): string[] => [
  `${String(step).padStart(3)}  ${kind}`,
  ...would.map((each) => `       ${each}`),
  ...roles.map(({ role, agent, lacks }) => `       ${role}: ${agent ?? 'no agent'}${lacksOf(lacks)}`),
];

const lacksOf = (lacks: readonly string[]): string => (lacks.length === 0 ? '' : ` — missing: ${lacks.join('; ')}`);

const WAITS = {
  agent: 'an agent',
  person: 'a person',
  checks: 'checks',
  forge: 'the forge',
  environment: 'the preview',
} as const;

const waitLine = ({ step, kind, waits }: StepSeen): string =>
  `It would first wait at step ${step}, ${kind}: for ${WAITS[waits!]}.`;
