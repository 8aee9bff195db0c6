import { ApplicationFailure } from '@temporalio/activity';
import type { Case } from './cases.ts';
import { CODER, FOUND, READER, type Step } from './plans.ts';
import { ENVIRONMENTS } from './stories-of-environments.ts';
import { FORGES } from './stories-of-forges.ts';
import { GATES } from './stories-of-gates.ts';
import { RELEASES } from './stories-of-releases.ts';
import { SURVEYS } from './stories-of-surveys.ts';

const is = (status: string): Pick<Case, 'reaches'> => ({ reaches: (run) => run.status === status });
/** Only its failure can be observed. */
const INVALID: Pick<Case, 'reaches' | 'closes'> = { reaches: () => true, closes: 'FAILED' };
const CI: Step = { kind: 'ci' };
const debating = (strategy: string, participants = ['Ana', 'Bo']): Step => ({
  kind: 'researcher',
  consensus: { strategy, participants, rounds: 2 },
});
const refusal = (type: string, message: string) => () => Promise.reject(ApplicationFailure.nonRetryable(message, type));

/** What can happen to a run whatever its steps are. */
const RUNS: readonly Case[] = [
  { name: 'input-invalid', steps: [], raw: { task: { id: 'input-invalid' } }, ...INVALID },
  { name: 'input-of-another', steps: [], raw: wishOf('somebody-else'), ...INVALID },
  {
    name: 'input-refused-by-the-world',
    steps: [CODER],
    world: { examine: () => ({ is: 'refused', fields: [{ path: 'change.base', expected: 'expected a branch' }] }) },
    ...INVALID,
  },
  {
    name: 'world-refuses-for-good',
    steps: [CODER, CI],
    world: { settledChecks: refusal('timeout', 'Checks are pending after 10 minutes.') },
    ...is('failed'),
  },
  {
    name: 'first-look-in-bad-weather',
    steps: [CODER, READER],
    world: {
      lookAtChange: ({ usual, stage }) =>
        stage.once('bad weather') ? Promise.reject(new Error('No route.')) : usual(),
    },
    ...is('passed'),
  },
  {
    name: 'stopped-then-retried',
    steps: [CODER, READER],
    async play(stage) {
      stage.hold('runJob researcher');
      await stage.start();
      await stage.began('runJob researcher');
      await stage.say('stop', { reason: 'Not today.' });
      await stage.closed();
      stage.letGo('runJob researcher');
      await stage.retry();
    },
    ...is('passed'),
  },
  {
    name: 'retried-from-an-earlier-step',
    steps: [CODER, READER],
    async play(stage) {
      await stage.start();
      await stage.finish();
      await stage.retry(1);
    },
    ...is('passed'),
  },
  {
    name: 'goes-on-from-a-closed-run',
    steps: [CODER, { kind: 'human-test' }, READER],
    async play(stage) {
      stage.hold('runJob researcher');
      await stage.start();
      await stage.parked();
      await stage.say('confirm');
      await stage.began('runJob researcher');
      await stage.say('stop');
      await stage.closed();
      stage.letGo('runJob researcher');
      await stage.retry();
    },
    ...is('passed'),
  },
  {
    name: 'goes-on-from-nowhere',
    steps: [CODER],
    raw: { ...wishOf('goes-on-from-nowhere'), resume: { of: { runId: '0190a1b2-0000-7000-8000-000000000000' } } },
    ...INVALID,
  },
  {
    name: 'brings-facts-of-its-own',
    steps: [CODER],
    raw: { ...wishOf('brings-facts-of-its-own'), resume: { from: 1, settled: [] } },
    ...INVALID,
  },
  {
    name: 'retried-in-a-review',
    steps: [{ kind: 'clarity-review' }, CODER],
    script: { jobs: { 'clarity-reviewer': [FOUND, { output: { items: [] } }] } },
    async play(stage) {
      await stage.start();
      await stage.parked();
      await stage.say('answerFinding', { finding: 'f-1', reply: '19 %.' });
      await stage.say('stop');
      await stage.closed();
      await stage.retry();
    },
    ...is('passed'),
  },
  {
    name: 'stopped-by-temporal',
    steps: [CODER, { kind: 'human-test' }],
    async play(stage) {
      await stage.start();
      await stage.parked();
      await stage.client.workflow.getHandle(stage.workflowId).cancel();
    },
    ...is('stopped'),
  },
  {
    name: 'what-is-refused-is-logged',
    steps: [{ kind: 'architect', approval: true }, READER],
    async play(stage) {
      await stage.start();
      await stage.parked();
      await stage.signal('confirm', { by: 'ana', actionId: 'a-1' });
      await stage.signal('approve', { by: 'ana', actionId: 'a-2', visit: '9-nowhere#1' });
      await stage.signal('approve', { proposal: 7, actionId: 'a-3' });
      await stage.signal('applaud', { by: 'ana' });
      await stage.signal('hint', { about: 'nothing' });
      await stage.signal('approve', { by: 'ana', actionId: 'a-4' });
      await stage.signal('approve', { by: 'ana', actionId: 'a-4' });
    },
    ...is('passed'),
  },
  {
    name: 'hints-make-it-look',
    steps: [CODER, CI],
    async play(stage) {
      stage.hold('settledChecks');
      await stage.start();
      await stage.began('settledChecks');
      for (const times of [2, 3]) {
        await stage.signal('hint', { about: 'checks' });
        await stage.began('settledChecks', times);
      }
      stage.letGo('settledChecks');
    },
    ...is('passed'),
  },
  {
    name: 'waits-become-urgent',
    steps: [CODER, { kind: 'human-test' }],
    input: { policy: { escalateAfterMinutes: 1 } },
    async play(stage) {
      await stage.start();
      await stage.seenAs('urgent', ({ notices }) => notices.some(({ severity }) => severity === 'urgent'));
    },
    ...is('passed'),
  },
  {
    name: 'checks-pend-for-long',
    steps: [CODER, CI],
    input: { policy: { escalateAfterMinutes: 1, checksMinutes: 30 } },
    async play(stage) {
      stage.hold('settledChecks');
      await stage.start();
      await stage.seenAs('told', ({ notices }) => notices.some(({ type }) => type === 'checks_pending'));
      stage.letGo('settledChecks');
    },
    ...is('passed'),
  },
  {
    name: 'jobs-are-interrupted-and-stopped',
    steps: [CODER, { kind: 'merger' }],
    world: {
      runJob: ({ question, usual, stage }) =>
        question.role === 'coder' && stage.once('interrupted')
          ? { is: 'interrupted', because: 'The stack was stopped.' }
          : question.role === 'merger'
            ? { is: 'stopped', because: 'Somebody stopped it.' }
            : usual(),
    },
    ...is('failed'),
  },
  {
    name: 'infrastructure-is-to-blame',
    steps: [CODER],
    world: {
      runJob: ({ usual, stage }) =>
        stage.once('first') || stage.once('second') || stage.once('third')
          ? { is: 'evicted', because: 'The node is gone.', infrastructure: true }
          : usual(),
    },
    ...is('passed'),
  },
  {
    name: 'held-by-the-owner',
    steps: [CODER],
    world: {
      runJob: ({ usual, stage }) =>
        stage.once('held') ? { is: 'held', by: 'forge', because: 'The branch is checked out.' } : usual(),
    },
    ...is('passed'),
  },
  {
    name: 'agent-not-now',
    steps: [CODER, CI],
    world: {
      runJob: ({ usual, stage }) =>
        stage.once('refused')
          ? { is: 'notNow', because: 'usage limit reached', until: '2026-11-28T12:01:00.000Z', usage: { costCents: 3 } }
          : stage.once('held')
            ? { is: 'held', by: 'agent', because: 'usage limit reached', until: '2026-11-28T12:03:00.000Z' }
            : usual(),
      agentAvailable: ({ stage }) =>
        stage.once('other-reason') ? { because: 'signed out', until: '2026-11-28T12:05:00.000Z' } : null,
    },
    async play(stage) {
      stage.hold('agentAvailable');
      await stage.start();
      await stage.began('agentAvailable');
      await stage.say('pause');
      await stage.say('resume');
      await stage.began('agentAvailable', 2);
      stage.letGo('agentAvailable');
    },
    ...is('passed'),
  },
  {
    name: 'stopped-while-its-agent-is-not-available',
    steps: [CODER],
    world: { runJob: () => ({ is: 'notNow', because: 'usage limit reached' }) },
    async play(stage) {
      stage.hold('agentAvailable');
      await stage.start();
      await stage.began('agentAvailable');
      await stage.say('stop');
    },
    ...is('stopped'),
    closes: 'CANCELLED',
  },
  {
    name: 'readers-changes-are-thrown-away',
    steps: [READER, CODER],
    world: {
      runJob: async ({ question, usual }) =>
        question.role === 'researcher' ? { ...((await usual()) as object), discarded: ['notes.md'] } : usual(),
    },
    ...is('passed'),
  },
  {
    name: 'dependents-are-started',
    steps: [CODER, { kind: 'merger' }],
    input: { task: { dependents: [wishOf('dependents-are-started.next')] } },
    ...is('passed'),
  },
  {
    name: 'asked-to-move-while-parked',
    steps: [CODER, { kind: 'human-test' }, CI],
    async play(stage) {
      await stage.start();
      await stage.parked();
      await stage.asked();
    },
    ...is('passed'),
  },
  {
    name: 'asked-to-move-at-work',
    steps: [CODER, READER],
    async play(stage) {
      stage.hold('runJob coder');
      await stage.start();
      await stage.began('runJob coder');
      await stage.signal('_upgrade', { build: 'newer', reads: 99 });
      stage.letGo('runJob coder');
    },
    ...is('passed'),
  },
  {
    name: 'merged-and-then-lost',
    steps: [CODER, { kind: 'merger' }, { kind: 'documenter' }],
    script: { jobs: { documenter: [{ fails: 'It has nothing to say.' }] } },
    ...is('passed'),
  },
  {
    name: 'agent-asks-a-person',
    steps: [CODER, READER],
    script: { jobs: { coder: [{ decision: { question: 'Net or gross?', options: ['net', 'gross'] } }, {}] } },
    ...is('passed'),
  },
  ...['specialist-panel', 'debate', 'ranked-voting'].map((strategy): Case => ({
    name: `consensus-${strategy}`,
    steps: [debating(strategy)],
    script: { jobs: { researcher: [{}, { output: { ranking: ['B', 'A'] } }] } },
    ...is('passed'),
  })),
  {
    name: 'consensus-of-too-few',
    steps: [debating('debate')],
    script: { jobs: { researcher: [{ fails: 'It has no idea.' }] } },
    ...is('failed'),
  },
  { name: 'built-in-full', steps: [], input: { pipeline: 'full' }, ...is('passed') },
  { name: 'built-in-bugfix', steps: [], input: { pipeline: 'bugfix', task: { type: 'bug' } }, ...is('passed') },
  { name: 'built-in-full-continued', steps: [], input: { pipeline: 'full' }, short: true, ...is('passed') },
];

function wishOf(id: string) {
  const pipeline = { name: 'recorded', steps: [READER] };
  return { task: { id, title: 'What comes next' }, change: { repository: '/srv/shop.git' }, pipeline };
}

export const STORIES: readonly Case[] = [...RUNS, ...GATES, ...FORGES, ...ENVIRONMENTS, ...RELEASES, ...SURVEYS];
