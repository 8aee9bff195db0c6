import { ApplicationFailure } from '@temporalio/activity';
import type { Case } from './cases.ts';
import { CODER } from './plans.ts';
import { until, type Stage } from './recording/stage.ts';

const PASSED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'passed' };
const environmentOf = ({ each }: Stage) => `env/default/${each.name}`;
const SOON_MS = 3_000;

/** A case about the state of the environment. The person then confirms. */
const shown = (name: string, play: (stage: Stage) => Promise<unknown>, more: Partial<Case> = {}): Case => ({
  name: `environment-${name}`,
  steps: [CODER, { kind: 'human-test' }],
  async play(stage) {
    await stage.start();
    await stage.parked('human-test');
    await play(stage);
  },
  ...PASSED,
  ...more,
});

const standsAs = (stage: Stage, ...statuses: string[]) =>
  stage.seenAs(`its environment is ${statuses.join(' or ')}`, ({ environment }) =>
    statuses.includes(environment?.status ?? 'none'),
  );
const generation = (stage: Stage, least: number) =>
  stage.seenAs(
    `generation ${least}`,
    ({ environment }) => (environment?.generation ?? 0) >= least && environment?.status === 'live',
  );

/** Every ending of an environment: by the end of its run, its time limit, its provider, or its owner. */
export const ENVIRONMENTS: readonly Case[] = [
  shown('released', async () => undefined),
  shown('expired', (stage) => stage.closed(environmentOf(stage)), {
    world: {
      provisionEnvironment: async ({ usual }) => ({
        ...((await usual()) as object),
        expiresAt: new Date(Date.now() + SOON_MS).toISOString(),
      }),
    },
  }),
  shown(
    'holder-terminated',
    async (stage) => {
      await stage.client.workflow.getHandle(stage.workflowId).terminate('Somebody did.');
      await stage.closed(environmentOf(stage));
    },
    { closes: 'TERMINATED' },
  ),
  shown('made-but-failed', (stage) => standsAs(stage, 'failed'), {
    script: { environments: [{ fails: 'The port is taken.' }] },
  }),
  shown('cannot-be-made', (stage) => standsAs(stage, 'failed'), {
    world: {
      provisionEnvironment: () => Promise.reject(ApplicationFailure.nonRetryable('No such image.', 'unexpected')),
    },
  }),
  shown('revived', async (stage) => {
    stage.die('Its process is gone.');
    await generation(stage, 2);
  }),
  shown('revived-and-lost', async (stage) => {
    stage.die('Its process is gone.');
    await generation(stage, 2);
    stage.die('Its process is gone again.');
    await standsAs(stage, 'failed', 'gone');
  }),
  shown('rebuilt-after-revival', async (stage) => {
    stage.die('Its process is gone.');
    await generation(stage, 2);
    await stage.say('recreateEnvironment');
    await stage.parked('human-test');
    await generation(stage, 3);
  }),
  shown('asked-to-look', async (stage) => {
    await stage.signal('hint', { about: 'environment' }, environmentOf(stage));
    await stage.began('environmentEnded', 2);
  }),
  shown('asked-to-move', (stage) => stage.asked(environmentOf(stage))),
  shown('cancelled', async (stage) => {
    await stage.client.workflow.getHandle(environmentOf(stage)).cancel();
    await stage.closed(environmentOf(stage));
  }),
  shown(
    'teardown-failing',
    async (stage) => {
      await stage.say('confirm');
      await stage.closed(environmentOf(stage));
    },
    {
      world: {
        removeEnvironment: ({ usual, stage }) =>
          stage.once('failing')
            ? Promise.reject(ApplicationFailure.nonRetryable('It does not answer.', 'unexpected'))
            : usual(),
      },
    },
  ),
  {
    name: 'environment-slow',
    steps: [CODER, { kind: 'human-test' }],
    input: { policy: { provisionSeconds: 1 } },
    async play(stage) {
      stage.hold('provisionEnvironment');
      await stage.start();
      await stage.parked('human-test');
      stage.letGo('provisionEnvironment');
      await standsAs(stage, 'live');
    },
    ...PASSED,
  },
  {
    name: 'environment-slow-for-a-deployer',
    steps: [CODER, { kind: 'deployer' }],
    input: { policy: { provisionSeconds: 1 } },
    async play(stage) {
      stage.hold('provisionEnvironment');
      await stage.start();
      await until('the run has ended', async () => (await stage.look())?.status === 'failed');
      stage.letGo('provisionEnvironment');
    },
    reaches: (run) => run.status === 'failed',
  },
  {
    name: 'environment-follows-the-head',
    steps: [CODER, { kind: 'deployer' }, { kind: 'tester', fixes: 1 }],
    script: {
      jobs: {
        tester: [
          { output: { greenlight: false, summary: 'No.', tested: [], outcomes: [], concerns: [] } },
          { output: { greenlight: true, summary: 'Yes.', tested: [], outcomes: [], concerns: [] } },
        ],
      },
    },
    ...PASSED,
  },
  {
    name: 'environment-input-invalid',
    steps: [],
    raw: { workspace: 'default' },
    play: (stage) => stage.start(environmentOf(stage), 'environment'),
    reaches: () => true,
    closes: 'FAILED',
  },
];
