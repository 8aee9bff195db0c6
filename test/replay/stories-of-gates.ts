import { ApplicationFailure } from '@temporalio/activity';
import type { Case } from './cases.ts';
import { CODER, READER, type Step } from './plans.ts';
import type { Stage } from './recording/stage.ts';

const PASSED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'passed' };
const FAILED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'failed' };
const STOPPED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'stopped' };

const low = { rating: 0.2, summary: 'Not yet.', comments: [{ body: 'It lacks a test.' }] };
const good = { rating: 0.9, summary: 'Good.' };
const REVIEWER: Step = { kind: 'reviewer' };
const companion = (name: string, outputs: unknown[], more: Partial<Case> = {}): Case => ({
  name: `companion-${name}`,
  steps: [CODER, { ...REVIEWER, attempts: 1 }],
  script: { jobs: { reviewer: outputs.map((output) => ({ output })) } },
  ...PASSED,
  ...more,
});
const capped = (choice: string) => async (stage: Stage) => {
  await stage.start();
  await stage.parked('reviewer');
  await stage.say('resolveCap', { choice });
};

const finding = (title: string, severity = 'high') => ({ category: 'gap', severity, title, detail: `${title}.` });
const asked = (...items: object[]) => ({ output: { items } });
const NOTHING = asked();
const review = (
  name: string,
  reviews: unknown[],
  lines: [string, Record<string, unknown>?][],
  more: Partial<Case> = {},
): Case => ({
  name: `review-${name}`,
  steps: [{ kind: 'requirements-review', iterations: 2 }],
  script: { jobs: { 'requirements-reviewer': reviews } },
  play: saying(lines),
  ...PASSED,
  ...more,
});

/** A person takes these actions one after another, each once the run asks again. */
function saying(lines: [string, Record<string, unknown>?][]) {
  return async (stage: Stage) => {
    await stage.start();
    for (const [action, said] of lines) {
      await stage.parked();
      await stage.say(action as never, said);
    }
  };
}

const report = (greenlight: boolean, ...concerns: string[]) => ({
  output: {
    greenlight,
    summary: 'It was tried.',
    tested: ['totals'],
    outcomes: [],
    concerns: concerns.map((title) => ({ title, detail: 'So it is.', severity: 'high' })),
  },
});
const tested = (name: string, reports: unknown[], ends: Pick<Case, 'reaches'>): Case => ({
  name: `tester-${name}`,
  steps: [CODER, { kind: 'tester', fixes: 2 }],
  script: { jobs: { tester: reports } },
  ...ends,
});

const tried = (name: string, lines: [string, Record<string, unknown>?][], more: Partial<Case> = {}): Case => ({
  name: `human-test-${name}`,
  steps: [CODER, { kind: 'human-test', fixes: 2 }],
  play: saying([...lines, ['confirm']]),
  ...PASSED,
  ...more,
});

const MERGER: Step = { kind: 'merger' };
const large = { output: { complexity: 0.9, risk: 0.9, impact: 0.9, rationale: 'It is large.' } };

/** Cases of particular gates, in addition to those that every gate has. */
export const GATES: readonly Case[] = [
  companion('reworked', [low, good]),
  companion('capped-extra-round', [low, low, good], { play: capped('extra-round') }),
  companion('capped-proceed', [low], { play: capped('proceed') }),
  companion('capped-stop', [low], { play: capped('stop'), ...STOPPED }),
  companion('repaired', ['what?', good]),
  companion('unreadable', ['what?'], FAILED),
  companion('producer-skipped', [good], {
    steps: [{ kind: 'architect', when: { minRisk: 0.9 } }, { kind: 'architect-companion' }],
    input: { task: { estimate: { complexity: 0.1, risk: 0.1, impact: 0.1 } } },
  }),
  companion('sent-back-by-a-person', [good], {
    steps: [CODER, { ...REVIEWER, approval: true }, READER],
    play: saying([['requestChanges', { feedback: 'Shorter.' }]]),
  }),

  review(
    'worked-in',
    [asked(finding('Which tax'), finding('Which rounding', 'low')), NOTHING],
    [
      ['answerFinding', { finding: 'f-1', reply: '19 %.' }],
      ['dismissFinding', { finding: 'f-2' }],
      ['reopenFinding', { finding: 'f-2' }],
      ['answerFinding', { finding: 'f-2', reply: 'To the cent.' }],
      ['incorporate', { feedback: 'Keep it short.' }],
    ],
    { steps: [{ kind: 'requirements-review' }, CODER] },
  ),
  review(
    'recommended',
    [asked(finding('Which tax'), finding('Which rounding')), NOTHING],
    [
      ['requestRecommendations', { note: 'As in the other service.' }],
      ['acceptRecommendation', { finding: 'f-1' }],
      ['rejectRecommendation', { finding: 'f-2' }],
      ['dismissFinding', { finding: 'f-2' }],
      ['incorporate'],
    ],
    {
      script: {
        jobs: {
          'requirements-reviewer': [asked(finding('Which tax'), finding('Which rounding')), NOTHING],
          recommender: [
            {
              output: {
                items: ['f-1', 'f-2'].map((itemId) => ({ itemId, recommendation: '19 %.', fromStandard: true })),
              },
            },
          ],
        },
      },
    },
  ),
  review(
    'capped',
    [asked(finding('Which tax'))],
    [
      ['answerFinding', { finding: 'f-1', reply: '19 %.' }],
      ['incorporate'],
      ['resolveCap', { choice: 'extra-round' }],
      ['proceed'],
    ],
  ),
  review('capped-stop', [asked(finding('Which tax'))], [['resolveCap', { choice: 'stop' }]], {
    steps: [{ kind: 'requirements-review', iterations: 1 }],
    ...STOPPED,
  }),
  review('not-understood', [{ output: 'what?', summary: 'what?' }], [['reviewAgain'], ['proceed']]),

  tested('fixed', [report(false, 'No tax'), report(true)], PASSED),
  tested('withheld', [report(false, 'No tax')], FAILED),
  tested('no-report', [{ output: 7 }], FAILED),
  tested('repaired', [{ output: 7 }, report(true)], PASSED),

  tried('fixed', [['requestFix', { findings: 'No tax.' }]]),
  tried('fix-failed', [['requestFix', { findings: 'No tax.' }]], { script: { jobs: { fixer: [{ fails: 'No.' }] } } }),
  tried('base-pulled', [['pullMain']]),
  tried('base-conflicts', [['pullMain']], { script: { conflicts: [['totals.js'], []] } }),
  tried('base-refused', [['pullMain']], {
    world: { updateFromBase: () => ({ is: 'refused', because: 'It is protected.' }) },
  }),
  tried('base-cannot-be-asked', [['pullMain']], {
    world: { updateFromBase: () => Promise.reject(ApplicationFailure.nonRetryable('No such branch.', 'unexpected')) },
  }),
  tried('rebuilt', [['recreateEnvironment']]),
  tried('taken-down', [['destroyEnvironment']]),
  tried('not-configured', [], {
    world: { examine: async ({ usual }) => ({ ...((await usual()) as object), environments: false }) },
  }),
  tried('environment-fails', [], { script: { environments: [{ fails: 'The port is taken.' }] } }),
  tried('making-called-off', [], {
    async play(stage) {
      stage.hold('provisionEnvironment');
      await stage.start();
      await stage.began('provisionEnvironment');
      await stage.say('destroyEnvironment');
      await stage.parked('human-test');
      stage.letGo('provisionEnvironment');
    },
  }),
  tried('by-a-second-person', [], {
    input: { policy: { requireSecondPerson: true } },
    async play(stage) {
      await stage.start();
      await stage.parked('human-test');
      await stage.signal('confirm', { by: 'ana' });
      await stage.signal('confirm', { by: 'bo' });
    },
  }),

  {
    name: 'ci-idle',
    steps: [CODER, { kind: 'ci' }],
    script: { checks: [['lint']], jobs: { 'ci-fixer': [{ changes: false }] } },
    ...FAILED,
  },
  {
    name: 'ci-without-checks',
    steps: [CODER, { kind: 'ci' }],
    world: { settledChecks: async ({ usual }) => ({ ...((await usual()) as object), checks: [], none: true }) },
    ...PASSED,
  },
  {
    name: 'ci-decided-while-others-run',
    steps: [CODER, { kind: 'ci', attempts: 0 }],
    script: { checks: [['lint']] },
    world: { settledChecks: async ({ usual }) => ({ ...((await usual()) as object), running: ['test'] }) },
    ...FAILED,
  },
  {
    name: 'no-branch-no-gate',
    steps: [READER, { kind: 'conflicts' }, { kind: 'ci' }, { kind: 'deployer' }, MERGER],
    ...PASSED,
  },
  {
    name: 'tracker-files-an-analysis',
    steps: [{ kind: 'analysis' }, { kind: 'tracker' }, CODER],
    ...PASSED,
  },
  {
    name: 'tracker-refuses',
    steps: [{ kind: 'tracker' }],
    world: { fileIssue: () => Promise.reject(ApplicationFailure.nonRetryable('No such project.', 'unexpected')) },
    ...PASSED,
  },
  {
    name: 'merger-sent-back-to-ci',
    steps: [CODER, { kind: 'ci' }, MERGER],
    script: { checks: [[], ['lint'], ['lint'], []] },
    ...PASSED,
  },
  {
    name: 'merger-sent-back-to-conflicts',
    steps: [CODER, { kind: 'conflicts' }, MERGER],
    script: { conflicts: [[], ['totals.js'], ['totals.js'], []] },
    ...PASSED,
  },
  { name: 'merger-refused', steps: [CODER, MERGER], script: { merges: [{ refused: 'A rule.' }, {}] }, ...PASSED },
  {
    name: 'merger-protected-paths',
    steps: [CODER, MERGER],
    world: { protectedPaths: () => ['.gatehouse.yml'] },
    ...PASSED,
  },
  {
    name: 'merger-base-moved',
    steps: [CODER, MERGER],
    world: {
      merge: ({ question, usual, stage }) =>
        stage.once('moved') ? { is: 'moved', head: question.head, baseHead: 'a'.repeat(40) } : usual(),
    },
    ...PASSED,
  },
  {
    name: 'merger-without-assessment',
    steps: [CODER, MERGER],
    script: { jobs: { merger: [{ output: { complexity: 7 } }, large] } },
    ...PASSED,
  },
  {
    name: 'merger-over-the-estimate',
    steps: [{ kind: 'task-estimator' }, { kind: 'architect', when: { minRisk: 0.9 } }, CODER, MERGER],
    ...PASSED,
  },
];
