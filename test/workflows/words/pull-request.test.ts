import type { RowState } from '../../../workflows/contracts/run/row.ts';
import { commitStatus, pullRequestComment } from '../../../workflows/words/views/pull-request.ts';
import { ended, parked, stateOf } from '../../support/state/notes.ts';

const failed = (reason: string): RowState => {
  const state = ended('A', 1, 'failed');
  return { ...state, end: { ...state.end!, reason } };
};
const merging = stateOf('A', 1, { current: { step: 5, id: '5-merger', kind: 'merger', phase: 'merging' } });

const statuses: [string, RowState, object | undefined][] = [
  ['a run that works', stateOf('A', 1), { state: 'pending', description: 'Waits on agent: coder is at work' }],
  ['a run that waits for a person', parked('A', 1), { state: 'pending', description: 'Waits on person: Try it' }],
  ['a merge', merging, undefined],
  ['a run that has merged', ended('A', 1), { state: 'success', description: 'Passed: merged' }],
  [
    'a run that has failed',
    failed('Two checks\nare red.'),
    { state: 'failure', description: 'failed: Two checks are red.' },
  ],
];
it.each(statuses)('the commit status of %s', (_, run, status) => expect(commitStatus(run)).toEqual(status));

it('keeps the commit status within the limit of forges', () => {
  expect(commitStatus(failed('x'.repeat(500)))?.description).toHaveLength(140);
});

it('says in the comment where the run stands, and what can be done', () => {
  const environment = { status: 'live', url: 'http://127.0.0.1:4000/', generation: 1 } as never;
  const run = { ...parked('A', 1), head: 'abcdef0123456789', environment };
  const refused = { by: 'eve', command: '/gatehouse `merge`', because: 'Nothing waits for <this>.' };
  expect(pullRequestComment({ run, page: 'https://gatehouse.example.com/runs/default/A', refused })).toBe(
    [
      '**gatehouse: parked** at `human-test`, waiting on **person**. Try it',
      '[Preview](http://127.0.0.1:4000/)',
      'What can be done, as a comment that begins so:\n\n- `/gatehouse confirm`: Passes the human test.',
      'Refused: `/gatehouse merge ` by eve. Nothing waits for &lt;this\\>.',
      'Head `abcdef012345` · [The run](https://gatehouse.example.com/runs/default/A)',
    ].join('\n\n'),
  );
});

it('draws nothing of what others wrote', () => {
  const waitingOn = { ...parked('A', 1).waitingOn, detail: '![x](http://e.vil/x) @everyone <img src=x>', offers: [] };
  const text = pullRequestComment({
    run: { ...parked('A', 1), waitingOn, environment: { url: 'javascript:x' } as never },
  });
  expect(text).not.toMatch(/!\[|@everyone|<img|\]\(/);
});

it('offers nothing once the run has ended', () => {
  expect(pullRequestComment({ run: failed('Too many *attempts*.') })).toBe(
    '**gatehouse: failed** (failed). Too many \\*attempts\\*.',
  );
});
