import { noUsage, addUsage, overBudget } from '../../../workflows/rules/budget.ts';
import { judgeChecks } from '../../../workflows/rules/checks.ts';
import { skipReason } from '../../../workflows/rules/estimate.ts';
import { overtakenBy, voided } from '../../../workflows/rules/head.ts';
import { boundedForeign } from '../../../workflows/contracts/run/foreign.ts';
import { bytesOf } from '../../../workflows/rules/bytes.ts';
import { Branch } from '../../../workflows/contracts/change.ts';
import { Id, type Estimate } from '../../../workflows/contracts/pipeline-run.ts';
import { Policy } from '../../../workflows/contracts/policy.ts';
import { BUILT_IN, type When } from '../../../workflows/contracts/pipelines.ts';
import { RunInput, rolesOf } from '../../../workflows/gates/index.ts';
import { canonical } from '../../../workflows/rules/actions.ts';
import { withinInputs } from '../../../workflows/rules/log.ts';
import { queryText, shellWord } from '../../../workflows/contracts/text/quoting.ts';
import { cutBytes } from '../../../workflows/contracts/text/titles.ts';
import { inWords } from '../../../workflows/words/index.ts';
import { plain } from '../../../workflows/words/views/markdown.ts';
import { green, HEAD, wish } from '../../support/builders.ts';

it.each(['a', 'PAY-142', 'a.b_c', 'x'.repeat(64)])('%s is an id', (id) => expect(Id.safeParse(id).success).toBe(true));
it.each(['', '-a', '.a', 'a..b', 'a.', 'a.lock', 'a/b', 'x'.repeat(65), 'ä', 'a b'])('"%s" is no id', (id) =>
  expect(Id.safeParse(id).success).toBe(false),
);

it.each(['main', 'gatehouse/PAY-142', 'a.b/c-d'])('%s is a branch', (name) =>
  expect(Branch.safeParse(name).success).toBe(true),
);
it.each([
  '',
  '-x',
  '/x',
  'x/',
  'x..y',
  'x//y',
  'x.lock',
  'x/.y',
  'x y',
  'x~1',
  'x^',
  'x:y',
  'x?',
  'x*',
  'x[',
  'x\\y',
  '@',
  'x@{1}',
  'x.',
  'a.lock/b',
])('"%s" is no branch', (name) => expect(Branch.safeParse(name).success).toBe(false));

it.each([
  ['success', true],
  ['neutral', true],
  ['skipped', true],
  ['failure', false],
  ['cancelled', false],
  ['timed_out', false],
  ['action_required', false],
  ['stale', false],
  ['', false],
])('a check that ended as "%s" passes: %s [A-079]', (conclusion, pass) => {
  expect(
    judgeChecks({
      ...green(),
      checks: [
        { name: 'a', conclusion },
        { name: 'b', conclusion: 'success' },
      ],
    }).pass,
  ).toBe(pass);
});

const tooLow = (...thresholds: object[]) => ({ fact: 'estimateTooLow', thresholds });
const risk = { axis: 'risk', least: 0.5 };
it.each<[Partial<When> | undefined, Estimate | undefined, string, object | undefined]>([
  [undefined, undefined, 'runs', undefined],
  [{ minRisk: 0.5 }, { complexity: 0, risk: 0.5, impact: 0 }, 'runs', undefined],
  [{ minRisk: 0.5 }, { complexity: 1, risk: 0.49, impact: 1 }, 'is skipped', tooLow(risk)],
  [{ minRisk: 0.5, minImpact: 0.9 }, { complexity: 0, risk: 0, impact: 0.9 }, 'runs', undefined],
  [
    { minRisk: 0.5, minImpact: 0.9 },
    { complexity: 1, risk: 0, impact: 0.8 },
    'is skipped',
    tooLow(risk, { axis: 'impact', least: 0.9 }),
  ],
  [{ minRisk: 0.5 }, undefined, 'runs', undefined],
  [{ minRisk: 0.5, onMissingEstimate: 'skip' as const }, undefined, 'is skipped', { fact: 'noEstimate' }],
])('a step with "when" %j and the estimate %j %s [A-157, A-158, A-160]', (when, estimate, what, fact) => {
  const reason = skipReason(when && { onMissingEstimate: 'run', ...when }, estimate);
  expect(reason === undefined).toBe(what === 'runs');
  expect(reason).toEqual(fact);
});

/** F1 is bo's, C1 and C2 are ours; each is built on the one before: C1, F1, C2. What was judged is named by `yes`. */
const bo = (commit: string) => ({ commit, author: 'Bo', email: 'bo@x' });
const back = { descends: false } as const;
it.each([
  ['nothing happens', 'C2', [], undefined],
  ['we commit', 'C2', [{ head: 'C3', foreign: [] }], undefined],
  ['bo commits', 'C2', [{ head: 'F2', foreign: [bo('F2')] }], 'F2'],
  [
    'bo commits, then we do',
    'C2',
    [
      { head: 'C3', foreign: [bo('F2')] },
      { head: 'C4', foreign: [] },
    ],
    'F2',
  ],
  [
    'bo sets it back to a commit of his that everybody knows',
    'C2',
    [{ head: 'F1', foreign: [bo('F1')], ...back }],
    'F1',
  ],
  ['it is set back to an older commit of ours', 'C2', [{ head: 'C1', foreign: [], ...back }], 'not built on it'],
  ['it is set to a sibling', 'C2', [{ head: 'S2', foreign: [bo('S2')], ...back }], 'S2'],
  ['it is set to its base', 'C2', [{ head: 'B0', foreign: [], ...back }], 'not built on it'],
  [
    'it is set back, and forward again',
    'C2',
    [
      { head: 'C1', foreign: [], ...back },
      { head: 'C2', foreign: [] },
    ],
    undefined,
  ],
  [
    'it is set back, and forward again by a commit of his that everybody knows',
    'C1',
    [
      { head: 'F1', foreign: [bo('F1')] },
      { head: 'C2', foreign: [] },
    ],
    'F1',
  ],
  [
    'it is set back to what was judged, and bo’s known commit comes again',
    'C1',
    [
      { head: 'C1', foreign: [], ...back },
      { head: 'F1', foreign: [bo('F1')] },
    ],
    'F1',
  ],
  ['bo begins a branch where there was none', undefined, [{ head: 'F1', foreign: [bo('F1')] }], 'F1'],
  ['we begin a branch where there was none', undefined, [{ head: 'C1', foreign: [] }], undefined],
  ['a look finds no branch', 'C2', [{ foreign: [] }], undefined],
] as const)('a yes, when %s', (_, yes, looks, because) => {
  const judged = { by: 'person' as const, foreign: 0, ...(yes && { head: yes }) };
  for (const look of looks) {
    const voided = overtakenBy(look, judged);
    Object.assign(judged, { voided: voided && inWords(voided) });
  }
  const run = { head: 'any', policy: Policy.parse({}) };
  const why = voided({ judged, state: 'done' } as never, run);
  if (because === undefined) expect(why).toBeUndefined();
  else expect(why && inWords(why)).toContain(because);
});

it.each([
  ['a commit of ours', { foreign: 0, by: 'person', head: 'other' }, 'foreign', false],
  ['a commit of ours, where any counts', { foreign: 0, by: 'person', head: 'other' }, 'any', true],
  ['a commit of ours, on a companion’s verdict', { foreign: 0, by: 'companion', head: 'other' }, 'any', false],
  ['nothing judged, as of a document that was approved before there was a change', undefined, 'any', false],
] as const)('%s: voided is %#', (_, judged, reconfirm, is) => {
  const run = { head: HEAD, policy: { ...Policy.parse({}), reconfirm } };
  expect(voided({ judged, state: 'done' } as never, run) !== undefined).toBe(is);
});

it('of thousands of commits by others the newest are remembered, and everybody who wrote one', () => {
  const many = Array.from({ length: 25_000 }, (_, n) => ({
    commit: `c${n}`,
    author: n === 7 ? 'Eve' : 'x'.repeat(10_000),
    email: '',
  }));
  const kept = boundedForeign(many);
  expect(kept).toHaveLength(200);
  expect(kept.at(-1)!.commit).toBe('c24999');
  expect(kept.map(({ author }) => author)).toContain('Eve');
  expect(JSON.stringify(kept).length).toBeLessThan(100_000);
  expect(boundedForeign([...kept, bo('new')])).toHaveLength(200);
});

it('of commits by others who name a crowd each, everybody’s author is remembered, and of the crowd a part', () => {
  const others = Array.from({ length: 40 }, (_, n) => `${n} ${'長'.repeat(500)}`);
  const many = Array.from({ length: 300 }, (_, n) => ({ commit: `c${n}`, author: `Bo ${n}`, email: 'bo@x', others }));
  const kept = boundedForeign(many);
  expect(kept.map(({ author }) => author)).toEqual(many.slice(-200).map(({ author }) => author));
  expect(kept[0]!.others).toHaveLength(3);
  expect(bytesOf(kept)).toBeLessThan(200_000);
  expect(boundedForeign(many.slice(0, 2))[0]!.others).toHaveLength(20);
});

it('spending as much as is allowed is within the budget', () => {
  const policy = { ...Policy.parse({}), budgetCents: 10 };
  const usage = addUsage(noUsage(), { costCents: 10 });
  expect(overBudget({ policy, usage })).toBe(false);
  expect(overBudget({ policy, usage: addUsage(usage, { costCents: 0.01 }) })).toBe(true);
  expect(addUsage(usage, undefined)).toMatchObject({ costCents: 10, unknown: 1 });
  const thrice = [0.1, 0.2, 0.3].reduce((sum, costCents) => addUsage(sum, { costCents }), noUsage());
  expect(thrice.costCents).toBe(0.6);
  expect(overBudget({ policy: { ...policy, budgetCents: 0.6 }, usage: thrice })).toBe(false);
});

it('inputs that mean the same are the same', () => {
  expect(canonical({ a: 1, b: { c: [1, 2], d: 2 } })).toBe(canonical({ b: { d: 2, c: [1, 2] }, a: 1 }));
  expect(canonical(undefined)).toBe(canonical({}));
  expect(canonical({ a: [1, 2] })).not.toBe(canonical({ a: [2, 1] }));
});

it.each([
  ['plain', 'plain', '"plain"'],
  ['', `''`, '""'],
  ['a b', `'a b'`, '"a b"'],
  [`it's "x"`, `'it'\\''s "x"'`, String.raw`"it's \"x\""`],
  ['a\\', String.raw`'a\'`, String.raw`"a\\"`],
])('%j is one word for a shell, and one text for visibility', (text, word, queried) => {
  expect(shellWord(text)).toBe(word);
  expect(queryText(text)).toBe(queried);
});

it('the newest inputs are kept, within bounds', () => {
  const entry = (n: number) => ({
    actionId: String(n),
    action: 'a',
    at: '',
    verdict: 'refused' as const,
    repeats: 0,
    input: 'x'.repeat(12_000),
  });
  const kept = withinInputs([1, 2, 3, 4, 5, 6, 7].map(entry)).filter(({ input }) => input !== undefined);
  expect(kept.map(({ actionId }) => actionId)).toEqual(['3', '4', '5', '6', '7']);
});

it.each(['[x](javascript:alert(1))', '<img src=x>', '| a |', '**b**', 'https://evil.test', '`x`', '![x](y)'])(
  '%s is text in the Web UI',
  (text) => {
    expect(plain(text)).not.toMatch(/\]\(|<img|^\|| \| |\*\*b|https:\/\/|[^\\]`/);
  },
);

it.each([
  ['short', 'abc', 3],
  ['cut at a character', 'aäaä', 5],
  ['four bytes a character', '😀😀', 7],
])('a summary is %s', (_, text, most) => {
  const cut = cutBytes(text, most);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
  expect(text.startsWith(cut)).toBe(true);
});

it.each(Object.keys(BUILT_IN))('the built-in %s is valid [A-149]', (name) => {
  expect(Object.keys(BUILT_IN)).toHaveLength(11);
  expect(RunInput.parse({ ...wish(), pipeline: name }).pipeline.steps).toEqual(BUILT_IN[name]);
});

it('human-review is complete, and needs a command for every role and helper', () => {
  const { pipeline } = RunInput.parse({ ...wish(), pipeline: 'human-review' });
  expect(rolesOf(pipeline)).toEqual(['coder', 'reviewer', 'fixer', 'conflict-resolver', 'ci-fixer', 'merger']);
});
