import type { HostedCheck } from '../../../../activities/adapters/hosted/api.ts';
import { matchesName } from '../../../../activities/adapters/hosted/checks/globs.ts';
import { judge, type Reported } from '../../../../activities/adapters/hosted/checks/judging.ts';
import { rerunBefore, withReruns } from '../../../../activities/adapters/hosted/checks/reruns.ts';

type Over = Partial<Omit<HostedCheck, 'from'>> & { id?: number; app?: number; attempt?: number };

const check = (
  name: string,
  state: HostedCheck['state'],
  { id = 1, app, attempt, ...over }: Over = {},
): HostedCheck => ({
  name,
  state,
  conclusion: { green: 'success', red: 'failure', again: 'cancelled', pending: 'queued' }[state],
  from: { kind: 'run', id, app, attempt },
  ...over,
});
const green = (name: string, over?: Over) => check(name, 'green', over);
const red = (name: string, over?: Over) => check(name, 'red', over);
const pending = (name: string, over?: Over) => check(name, 'pending', over);

const NOTHING: Reported = { theirs: [], ours: [], required: [], wanted: [], ignored: [], again: () => 'never' };
const judged = (reported: Partial<Reported>) => {
  const { ended, running, rerun } = judge({ ...NOTHING, ...reported });
  return {
    ended: ended.map(({ name, conclusion }) => `${name} ${conclusion}`),
    running,
    rerun: rerun.map(({ name }) => name),
  };
};
const none = { ended: [], running: [], rerun: [] };

describe('the checks of a head', () => {
  it.each<[string, Partial<Reported>, Partial<ReturnType<typeof judged>>]>([
    ['none at all', {}, {}],
    ['a green one', { theirs: [green('build')] }, { ended: ['build success'] }],
    ['a skipped one', { theirs: [green('build', { conclusion: 'skipped' })] }, { ended: ['build skipped'] }],
    ['a red one', { theirs: [red('build')] }, { ended: ['build failure'] }],
    ['one without a conclusion', { theirs: [red('build', { conclusion: '' })] }, { ended: ['build '] }],
    [
      'one that is red although its word is good',
      { theirs: [red('x', { conclusion: 'success' })] },
      { ended: ['x failure'] },
    ],
    ['a running one', { theirs: [green('a'), pending('b')] }, { ended: ['a success'], running: ['b'] }],
    [
      'two of one name, from two workflows',
      { theirs: [green('build', { id: 1 }), red('build', { id: 2 })] },
      { ended: ['build success', 'build failure'] },
    ],
    ['a required one that is absent', { required: [{ name: 'build' }] }, { running: ['build'] }],
    [
      'a required one that is absent while others are green',
      { theirs: [green('lint')], required: [{ name: 'build' }] },
      { ended: ['lint success'], running: ['build'] },
    ],
    [
      'a required one that is there',
      { theirs: [green('build')], required: [{ name: 'build' }] },
      { ended: ['build success'] },
    ],
    [
      'one that is required as a literal name',
      { theirs: [green('build')], required: [{ name: 'b*' }] },
      { ended: ['build success'], running: ['b*'] },
    ],
    [
      'one that is required as a glob',
      { theirs: [green('ci/build')], required: [{ name: 'ci/*', glob: true }] },
      { ended: ['ci/build success'] },
    ],
    [
      'one that is pinned to an app and came from another',
      { theirs: [green('build', { app: 1 })], required: [{ name: 'build', app: 2 }] },
      { ended: ['build success'], running: ['build'] },
    ],
    [
      'one that is pinned to its app',
      { theirs: [green('build', { app: 2 })], required: [{ name: 'build', app: 2 }] },
      { ended: ['build success'] },
    ],
    ['one that is wanted and absent', { wanted: ['test (*)'] }, { running: ['test (*)'] }],
    [
      'one that is wanted and there',
      { wanted: ['test (*)'], theirs: [green('test (20)')] },
      { ended: ['test (20) success'] },
    ],
    ['one that is wanted and ours', { wanted: ['unit'], ours: ['unit'] }, {}],
    ['one that is wanted and ours, by its status', { wanted: ['gatehouse/*'], ours: ['unit'] }, {}],
    [
      'one that the forge requires and only we have',
      { required: [{ name: 'unit' }], ours: ['unit'] },
      { running: ['unit'] },
    ],
    ['an ignored one', { theirs: [red('codecov/patch')], ignored: ['codecov/*'] }, {}],
    ['an ignored one that runs', { theirs: [pending('codecov/patch')], ignored: ['codecov/*'] }, {}],
    [
      'an ignored one that the forge requires',
      { theirs: [red('codecov/patch')], ignored: ['*'], required: [{ name: 'codecov/patch' }] },
      { ended: ['codecov/patch failure'] },
    ],
    [
      'an ignored one that is wanted',
      { theirs: [red('e2e')], ignored: ['*'], wanted: ['e2e'] },
      { ended: ['e2e failure'] },
    ],
    ['our own status, required', { required: [{ name: 'gatehouse' }, { name: 'gatehouse/unit' }] }, {}],
    ['any status, required', { required: [{ name: '*', glob: true }] }, {}],
    [
      'a warning',
      { theirs: [green('lint', { conclusion: 'warning', redIfRequired: true })] },
      { ended: ['lint neutral'] },
    ],
    [
      'a warning where it is required',
      { theirs: [green('lint', { conclusion: 'warning', redIfRequired: true })], required: [{ name: 'lint' }] },
      { ended: ['lint warning'] },
    ],
    ['a cancelled one', { theirs: [check('e2e', 'again')] }, { running: ['e2e'], rerun: ['e2e'] }],
    [
      'a cancelled one that begins again',
      { theirs: [check('e2e', 'again')], again: () => 'begins' },
      { running: ['e2e'] },
    ],
    [
      'a cancelled one that was run again in vain',
      { theirs: [check('e2e', 'again')], again: () => 'in-vain' },
      { ended: ['e2e cancelled'] },
    ],
    ['an ignored one that was cancelled', { theirs: [check('e2e', 'again')], ignored: ['e2e'] }, {}],
  ])('%s', (_, reported, expected) => expect(judged(reported)).toEqual({ ...none, ...expected }));
});

it.each([
  ['build', 'build', true],
  ['build', 'build 2', false],
  ['test (*)', 'test (20, ubuntu)', true],
  ['test (*)', 'test 20', false],
  ['codecov/*', 'codecov/patch/a', true],
  ['v?', 'v2', true],
  ['v?', 'v', false],
  ['a.b', 'axb', false],
  ['[x]', 'x', false],
  ['*', '', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b?', 'a-b-b', false],
  ['*b**', 'ab', true],
  ['*?', '', false],
  ['*a'.repeat(100), 'a'.repeat(255), true], // a regular expression would take years
  [`${'*a'.repeat(100)}b`, 'a'.repeat(255), false],
])('the glob %j matches %j: %j', (glob, name, expected) => expect(matchesName(glob, name)).toBe(expected));

describe('a cancelled check', () => {
  const e2e = check('e2e', 'again', { id: 5 });
  const after = withReruns(undefined, 'h', { checks: [e2e], begun: ['e2e'], now: 1_000 });

  it.each([
    ['never ran again', undefined, 'h', e2e, 2_000, 'never'],
    ['was run again at another head', after, 'i', e2e, 2_000, 'never'],
    ['has not begun yet', after, 'h', e2e, 2_000, 'begins'],
    ['has not begun for ten minutes', after, 'h', e2e, 601_001, 'in-vain'],
    ['was cancelled again', after, 'h', check('e2e', 'again', { id: 6 }), 2_000, 'in-vain'],
    ['is of another attempt, by whomever', undefined, 'h', check('e2e', 'again', { attempt: 2 }), 2_000, 'in-vain'],
    [
      'cannot be run alone',
      withReruns(after, 'h', { checks: [check('x', 'again', { id: 7 })], begun: [], now: 1_000 }),
      'h',
      check('x', 'again', { id: 7 }),
      2_000,
      'in-vain',
    ],
    ['is another one', after, 'h', check('unit', 'again', { id: 8 }), 2_000, 'never'],
  ] as const)('that %s', (_, rerun, head, found, now, expected) => {
    expect(rerunBefore(rerun, head, now)(found)).toBe(expected);
  });
});
