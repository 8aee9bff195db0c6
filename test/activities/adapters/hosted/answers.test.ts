import { afterMerge, type Facts, type Next } from '../../../../activities/adapters/hosted/merging/answers.ts';
import { methodNote, methodsFor } from '../../../../activities/adapters/hosted/merging/methods.ts';
import type { HostedBranch, MergeAnswer, MergeMethod } from '../../../../activities/adapters/hosted/api.ts';

const words = 'the forge’s words';
const url = 'https://forge.example/acme/shop/pull/1';
const FACTS: Facts = { conflicts: [], methods: ['merge'], readied: false, repeated: false, canQueue: false, url };
const refused = { do: 'report', report: { is: 'refused', because: words } };
const report = (answer: object) => ({ do: 'report', report: answer });

it.each<[MergeAnswer, Partial<Facts>, Next | object]>([
  [{ is: 'merged', commit: 'c' }, {}, { do: 'finish', commit: 'c' }],
  [
    { is: 'queued', position: 3 },
    {},
    report({ is: 'waiting', for: 'queue', because: 'It is number 3 in the merge queue', url }),
  ],
  [{ is: 'moved' }, {}, { do: 'moved' }],
  [{ is: 'not-yet', words }, {}, { do: 'wait', words }],
  [{ is: 'base-modified', words }, {}, { do: 'repeat' }],
  [{ is: 'base-modified', words }, { repeated: true }, { do: 'moved' }],
  [{ is: 'base-modified', words }, { conflicts: ['a.ts'] }, report({ is: 'conflicted', files: ['a.ts'] })],
  [{ is: 'conflicted', words }, { conflicts: ['a.ts'] }, report({ is: 'conflicted', files: ['a.ts'] })],
  [{ is: 'conflicted', words }, {}, { do: 'repeat' }],
  [{ is: 'conflicted', words }, { repeated: true }, refused],
  [{ is: 'behind', words }, {}, report({ is: 'behind', because: words })],
  [{ is: 'draft', words }, {}, { do: 'ready' }],
  [{ is: 'draft', words }, { readied: true }, refused],
  [{ is: 'reviews', words }, {}, report({ is: 'waiting', for: 'reviews', because: words, url })],
  [{ is: 'checks', words, names: ['build'] }, {}, report({ is: 'unchecked', because: words })],
  [{ is: 'queue-demanded', words }, {}, refused],
  [{ is: 'queue-demanded', words }, { canQueue: true }, { do: 'enqueue' }],
  [{ is: 'method', words }, {}, refused],
  [{ is: 'method', words }, { methods: ['merge', 'squash', 'rebase'] }, { do: 'method', method: 'squash' }],
  [{ is: 'signatures', words }, {}, refused],
  [{ is: 'signatures', words }, { methods: ['merge', 'rebase', 'squash'] }, { do: 'method', method: 'squash' }],
  [{ is: 'signatures', words }, { methods: ['squash', 'rebase'] }, refused],
  [{ is: 'closed', words }, {}, refused],
  [{ is: 'refused', words }, {}, refused],
])('after %j, knowing %j', (answer, facts, expected) => {
  expect(afterMerge(answer, { ...FACTS, ...facts })).toEqual(expected);
});

const ALL: MergeMethod[] = ['rebase', 'squash', 'merge'];
it.each<[MergeMethod | undefined, MergeMethod[], Pick<HostedBranch, 'methods' | 'signed'>, MergeMethod[]]>([
  [undefined, ALL, {}, ['merge', 'squash', 'rebase']],
  ['rebase', ALL, {}, ['rebase', 'merge', 'squash']],
  [undefined, ['squash', 'rebase'], {}, ['squash', 'rebase']],
  ['merge', ['squash', 'rebase'], {}, ['squash', 'rebase']],
  [undefined, ALL, { methods: ['rebase'] }, ['rebase']],
  ['squash', ALL, { methods: ['merge', 'squash'] }, ['squash', 'merge']],
  [undefined, ALL, { signed: true }, ['squash', 'merge', 'rebase']],
  ['merge', ALL, { signed: true }, ['merge', 'squash', 'rebase']],
  ['merge', ['rebase'], { methods: ['squash'] }, []],
])('wanted %j, of %j by the repository and %j by the branch', (wanted, methods, branch, expected) => {
  expect(methodsFor(wanted, { methods }, branch)).toEqual(expected);
});

it.each([
  [undefined, 'merge', undefined],
  ['merge', 'merge', undefined],
  ['squash', 'merge', 'It was merged by merge, because the forge does not allow squash here.'],
] as const)('wanted %j, merged by %j', (wanted, used, note) => expect(methodNote(wanted, used)).toBe(note));
