import { tableOf } from '../../../client/cli/commands/pipelines.ts';
import { answerTo } from '../../../client/local-stack/pipelines.ts';
import type { ActionName } from '../../../workflows/contracts/messages.ts';

/** A parked run with these actions on offer, and further fields. */
const parked = (offers: ActionName[], own: Record<string, unknown> = {}) => {
  const shown = [...offers, 'pause', 'stop', 'restartFrom'].map((action) => ({ action, label: action, fields: {} }));
  return { status: 'parked', current: { id: '1-some-step', visit: '1-some-step#1', offers: shown, ...own } } as any;
};
const finding = (id: string, status: string) => ({ id, status, title: 'A gap', detail: 'Of some kind.' });
const ofReview: ActionName[] = ['answerFinding', 'dismissFinding', 'requestRecommendations', 'proceed'];

it.each<[string, any, ActionName | 'nothing', Record<string, unknown>]>([
  ['a human test', parked(['confirm', 'requestFix', 'pullMain']), 'confirm', {}],
  ['an output', parked(['approve', 'requestChanges', 'reject']), 'approve', {}],
  ['a merge review', parked(['merge', 'reject']), 'merge', {}],
  ['a cap', parked(['resolveCap', 'proceed']), 'resolveCap', { choice: 'proceed' }],
  [
    'a question',
    parked(['decide'], { decision: { id: '1-coder/decision-1', question: 'Which?', options: ['this', 'that'] } }),
    'decide',
    { decision: '1-coder/decision-1', choice: 'this' },
  ],
  [
    'findings, one by one',
    parked(ofReview, { findings: [finding('f-1', 'answered'), finding('f-2', 'open'), finding('f-3', 'open')] }),
    'answerFinding',
    { finding: 'f-2' },
  ],
  [
    'findings that are all answered',
    parked([...ofReview, 'incorporate'], { findings: [finding('f-1', 'answered')] }),
    'incorporate',
    {},
  ],
  ['an unreadable review', parked(['reviewAgain', 'proceed'], { findings: [] }), 'reviewAgain', {}],
  ['a park without offers', parked([]), 'nothing', {}],
  ['a running run', { ...parked(['confirm']), status: 'running' }, 'nothing', {}],
])('the scripted person answers %s', (_, run, action, said) => {
  expect(answerTo(run) ?? { action: 'nothing', said: {} }).toMatchObject({ action, said });
});

it('the table has a row for each pipeline, and lists below what was not as expected', () => {
  const good = { pipeline: 'spec', outcome: 'ready', steps: 1, events: 41, bytes: 13_282, seconds: 3 };
  const bad = { ...good, pipeline: 'blueprint', outcome: 'failed', events: 1_000, because: 'agent: It gave up.' };
  expect(tableOf([good])).toBe(
    [
      'pipeline  outcome  steps  events  bytes  seconds',
      'spec      ready        1      41  13282      3.0',
      '',
      'Everything went as expected.',
    ].join('\n'),
  );
  expect(tableOf([good, bad]).split('\n').slice(-3)).toEqual([
    'blueprint  failed       1    1000  13282      3.0',
    '',
    'blueprint: agent: It gave up.',
  ]);
});
