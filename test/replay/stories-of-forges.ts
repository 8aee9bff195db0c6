import { notYet } from '../../activities/failures.ts';
import type { Case } from './cases.ts';
import { CODER, type Step } from './plans.ts';

const PASSED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'passed' };
const FAILED: Pick<Case, 'reaches'> = { reaches: (run) => run.status === 'failed' };
const STEPS: Step[] = [CODER, { kind: 'conflicts' }, { kind: 'ci' }, { kind: 'merger' }];

/** The forge gives no answer to the first calls of this activity. */
const silent = (name: string, activity: string): Case => ({
  name: `forge-silent-${name}`,
  steps: STEPS,
  world: {
    [activity]: ({ usual, stage }) => {
      const silence = Object.assign(new Error('The forge answers 503.'), { port: 'forge' });
      if (stage.once('first') || stage.once('second')) return Promise.reject(silence);
      return usual();
    },
  },
  ...PASSED,
});

const held = (...names: string[]) => names.map((name) => ({ name, url: `https://git.example/runs/${name}` }));

/** The first merge is answered so, and later ones as usual. */
const answered = (name: string, answer: object, more: Partial<Case> = {}): Case => ({
  name: `merge-${name}`,
  steps: STEPS,
  world: { merge: ({ usual, stage }) => (stage.once('answer') ? answer : usual()) },
  ...PASSED,
  ...more,
});

const REVIEWS = { is: 'waiting', for: 'reviews', because: '1 of 2 reviews', url: 'https://git.example/pull/17' };
const QUEUE = { is: 'waiting', for: 'queue', because: 'position 2' };
const pending = ({ because }: { because: string }) => Promise.reject(notYet(because, 100));

/** What happens to runs on hosted forges. */
export const FORGES: readonly Case[] = [
  silent('checks', 'settledChecks'),
  silent('merge', 'merge'),
  {
    name: 'checks-held-at-the-forge',
    steps: STEPS,
    world: {
      async settledChecks({ usual, question, stage }) {
        const report = { ...((await usual()) as object), checks: [] };
        if (stage.once('held')) return { ...report, held: held('build') };
        return question.held?.length ? { ...report, held: [] } : usual();
      },
    },
    ...PASSED,
  },
  answered('behind-its-base', { is: 'behind', because: 'It is 2 commits behind.' }),
  answered('lacking-checks', { is: 'unchecked', because: 'e2e is expected.' }),
  answered('in-conflict', { is: 'conflicted', files: ['a.ts'] }),
  answered('with-a-note', {
    is: 'merged',
    mergeCommit: 'm'.repeat(40),
    head: 'h'.repeat(40),
    note: 'It was squashed.',
  }),
  answered('reviewed', REVIEWS, {
    world: {
      merge: ({ usual, stage, question }) => {
        if (!question.shown) return REVIEWS;
        return stage.once('polled') || stage.once('polled again') ? pending(REVIEWS) : usual();
      },
    },
  }),
  answered('given-up', REVIEWS, {
    world: { merge: ({ question }) => (question.shown ? pending(REVIEWS) : REVIEWS) },
    async play(stage) {
      await stage.start();
      await stage.parked('merger');
      await stage.say('reject', { reason: 'Not now.' });
    },
    ...FAILED,
  }),
  answered('queued', QUEUE, {
    world: {
      merge: ({ usual, stage, question }) => {
        if (!question.shown) return QUEUE;
        if (stage.once('polled')) return pending(QUEUE);
        return question.shown.because === QUEUE.because ? { ...QUEUE, because: 'position 1' } : usual();
      },
    },
  }),
  {
    name: 'merge-tested-on-the-branch',
    steps: STEPS,
    input: { policy: { tested: 'merge-result' } },
    world: {
      settledMergeability: async ({ usual, stage }) => ({
        ...((await usual()) as object),
        ...(stage.once('conflicts') ? {} : stage.once('behind') ? { behind: true } : {}),
      }),
      settledMergeResult: () => ({ is: 'branch-only' }),
    },
    ...PASSED,
  },
  {
    name: 'retargeted',
    steps: STEPS,
    world: {
      settledMergeability: async ({ usual, question }) => ({
        ...((await usual()) as object),
        ...(question.change.base !== 'release' && { base: 'release' }),
      }),
    },
    reaches: (run) => run.status === 'passed' && run.change.base === 'release',
  },
  {
    name: 'fork-let-in',
    steps: [{ kind: 'researcher' }, { kind: 'ci', attempts: 0 }],
    world: {
      examine: async ({ usual }) => ({
        ...((await usual()) as object),
        head: 'a'.repeat(40),
        fork: true,
        title: 'Totals with tax',
      }),
    },
    async play(stage) {
      await stage.start();
      await stage.parked('researcher');
      await stage.say('proceed');
    },
    ...PASSED,
  },
];
