/** A step as a person writes it. */
export type Step = { kind: string } & Record<string, unknown>;

/** What differs by kind: how a step works, waits, and fails. A text is the reason why it does not. */
export interface Plan {
  kind: string;
  /** The kind whose code and endings it shares. Only the core endings are recorded for it. */
  as?: string;
  /** The steps that it needs before it. */
  before: Step[];
  /** Its options, and the script, of a case without particulars. */
  own?: Record<string, unknown>;
  script?: Record<string, unknown>;
  /** The call during which it is at work. */
  works: string | { none: string };
  /** What makes it ask a person. */
  parks: Particular | string;
  fails: Particular | string;
  /** A role that it runs, and the case in which it does. */
  sends: (Particular & { role: string }) | string;
}

export interface Particular {
  own?: Record<string, unknown>;
  script?: Record<string, unknown>;
  after?: Step[];
  /** The script with which a retry succeeds after the first run failed. */
  mended?: Record<string, unknown>;
  /** The action of a person at the park that leads to this case. */
  says?: [action: string, said: Record<string, unknown>];
}

export const CODER: Step = { kind: 'coder' };
export const READER: Step = { kind: 'researcher' };
/** An output for approval needs a step after it. */
const APPROVED: Particular = { own: { approval: true }, after: [READER] };
const FINDING = { category: 'gap', severity: 'high', title: 'Which tax?', detail: 'It does not say which tax.' };
export const FOUND = { output: { items: [FINDING] } };
const GRAVE = { output: { complexity: 0.9, risk: 0.9, impact: 0.9, rationale: 'It is large.' } };

const failing = (role: string): Particular => {
  const lost = { fails: `The ${role} gave up.` };
  return { script: { jobs: { [role]: [lost] } }, mended: { jobs: { [role]: [lost, {}] } } };
};

const agent = (kind: string, as?: string): Plan => ({
  kind,
  ...(as && { as }),
  before: [],
  works: `runJob ${kind}`,
  parks: APPROVED,
  fails: failing(kind),
  sends: { role: kind },
});

const companion = (kind: string, producer: string, as?: string): Plan => ({
  ...agent(kind, as),
  before: [{ kind: producer }],
});

const review = (kind: string, role: string): Plan => ({
  kind,
  before: [],
  works: `runJob ${role}`,
  parks: { script: { jobs: { [role]: [FOUND, { output: { items: [] } }] } } },
  fails: 'an unreadable review parks it, and a person decides',
  sends: { role },
});

const NOBODY = 'it never asks a person';

/** Every kind of the registry. `cases.test.ts` fails if one is missing here. */
export const PLANS: readonly Plan[] = [
  agent('coder'),
  agent('mocker'),
  agent('playwright', 'mocker'),
  agent('business-documenter', 'mocker'),
  agent('documenter', 'mocker'),
  agent('integrator', 'mocker'),
  agent('architect'),
  agent('researcher', 'architect'),
  agent('analysis', 'architect'),
  agent('bug-investigator', 'architect'),
  agent('business-reviewer', 'architect'),
  agent('spec-writer'),
  agent('blueprints', 'spec-writer'),
  agent('task-estimator'),
  companion('reviewer', 'coder'),
  companion('architect-companion', 'architect'),
  companion('spec-companion', 'spec-writer', 'architect-companion'),
  review('requirements-review', 'requirements-reviewer'),
  review('clarity-review', 'clarity-reviewer'),
  { ...agent('tester'), before: [CODER], parks: NOBODY },
  {
    kind: 'human-test',
    before: [CODER],
    works: 'provisionEnvironment',
    parks: {},
    fails: 'a person decides: it passes, or the run is stopped',
    sends: { role: 'fixer', says: ['requestFix', { findings: 'The tax is missing.' }] },
  },
  {
    kind: 'deployer',
    before: [CODER],
    works: 'provisionEnvironment',
    parks: NOBODY,
    fails: {
      script: { environments: [{ fails: 'The port is taken.' }] },
      mended: { environments: [{ fails: 'The port is taken.' }, {}] },
    },
    sends: 'it sends nobody',
  },
  {
    kind: 'tracker',
    before: [],
    works: 'fileIssue',
    parks: NOBODY,
    fails: 'a refusal of the tracker does not fail the run',
    sends: 'it sends nobody',
  },
  {
    kind: 'conflicts',
    before: [CODER],
    works: 'settledMergeability',
    parks: NOBODY,
    fails: {
      own: { attempts: 1 },
      script: { conflicts: [['totals.js']] },
      mended: { conflicts: [['totals.js'], ['totals.js'], []] },
    },
    sends: { role: 'conflict-resolver', script: { conflicts: [['totals.js'], []] } },
  },
  {
    kind: 'ci',
    before: [CODER],
    works: 'settledChecks',
    parks: NOBODY,
    fails: { own: { attempts: 1 }, script: { checks: [['lint']] }, mended: { checks: [['lint'], ['lint'], []] } },
    sends: { role: 'ci-fixer', script: { checks: [['lint'], []] } },
  },
  {
    kind: 'merger',
    before: [CODER],
    works: 'runJob merger',
    parks: { script: { jobs: { merger: [GRAVE] } } },
    fails: failing('merger'),
    sends: { role: 'merger' },
  },
  {
    kind: 'post-release-health',
    before: [CODER, { kind: 'merger' }],
    works: { none: 'it only starts a workflow, whose endings are among the stories' },
    parks: 'the workflow that it starts asks about a regression',
    fails: 'steps after the merge do not fail the run',
    sends: 'the workflow that it starts runs the on-call agent',
  },
];
