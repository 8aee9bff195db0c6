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

it.each(['a', 'PAY-142', 'a.b_c', 'x'.repeat(64)])('%s is a valid id', (id) =>
  expect(Id.safeParse(id).success).toBe(true),
);
it.each(['', '-a', '.a', 'a..b', 'a.', 'a.lock', 'a/b', 'x'.repeat(65), 'ä', 'a b'])('"%s" is not a valid id', (id) =>
  expect(Id.safeParse(id).success).toBe(false),
);

it.each(['main', 'gatehouse/PAY-142', 'a.b/c-d'])('%s is a valid branch name', (name) =>
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
])('"%s" is not a valid branch name', (name) => expect(Branch.safeParse(name).success).toBe(false));

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

/**
 * Commits C1, F1 and C2, each built on the one before: F1 is by Bo, C1 and C2 are ours. `yes` is the commit that was
 * confirmed.
 */
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
  ['bo resets the branch to a known commit of his', 'C2', [{ head: 'F1', foreign: [bo('F1')], ...back }], 'F1'],
  ['the branch is reset to an older commit of ours', 'C2', [{ head: 'C1', foreign: [], ...back }], 'not built on it'],
  ['the branch is set to a sibling', 'C2', [{ head: 'S2', foreign: [bo('S2')], ...back }], 'S2'],
  ['the branch is set to its base', 'C2', [{ head: 'B0', foreign: [], ...back }], 'not built on it'],
  [
    'the branch is reset, and then restored',
    'C2',
    [
      { head: 'C1', foreign: [], ...back },
      { head: 'C2', foreign: [] },
    ],
    undefined,
  ],
  [
    'a known commit of bo’s is pushed first, then ours above it',
    'C1',
    [
      { head: 'F1', foreign: [bo('F1')] },
      { head: 'C2', foreign: [] },
    ],
    'F1',
  ],
  [
    'the branch is reset to the confirmed commit, and bo’s known commit returns',
    'C1',
    [
      { head: 'C1', foreign: [], ...back },
      { head: 'F1', foreign: [bo('F1')] },
    ],
    'F1',
  ],
  ['bo creates the branch', undefined, [{ head: 'F1', foreign: [bo('F1')] }], 'F1'],
  ['we create the branch', undefined, [{ head: 'C1', foreign: [] }], undefined],
  ['a poll finds no branch', 'C2', [{ foreign: [] }], undefined],
] as const)('a confirmation stays valid, or names what voids it, when %s', (_, yes, looks, because) => {
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
  ['a commit of ours under reconfirm "any"', { foreign: 0, by: 'person', head: 'other' }, 'any', true],
  ['a commit of ours after a companion’s verdict', { foreign: 0, by: 'companion', head: 'other' }, 'any', false],
  ['no verdict, as for a document that was approved before there was a change', undefined, 'any', false],
] as const)('%s: voids the verdict or not (%#)', (_, judged, reconfirm, is) => {
  const run = { head: HEAD, policy: { ...Policy.parse({}), reconfirm } };
  expect(voided({ judged, state: 'done' } as never, run) !== undefined).toBe(is);
});

it('of thousands of foreign commits, the newest are kept, and every author', () => {
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

it('of foreign commits with many co-authors, every author is kept, and some of the co-authors', () => {
  const others = Array.from({ length: 40 }, (_, n) => `${n} ${'長'.repeat(500)}`);
  const many = Array.from({ length: 300 }, (_, n) => ({ commit: `c${n}`, author: `Bo ${n}`, email: 'bo@x', others }));
  const kept = boundedForeign(many);
  expect(kept.map(({ author }) => author)).toEqual(many.slice(-200).map(({ author }) => author));
  expect(kept[0]!.others).toHaveLength(3);
  expect(bytesOf(kept)).toBeLessThan(200_000);
  expect(boundedForeign(many.slice(0, 2))[0]!.others).toHaveLength(20);
});

it('a run that has spent exactly its budget is not over it', () => {
  const policy = { ...Policy.parse({}), budgetCents: 10 };
  const usage = addUsage(noUsage(), { costCents: 10 });
  expect(overBudget({ policy, usage })).toBe(false);
  expect(overBudget({ policy, usage: addUsage(usage, { costCents: 0.01 }) })).toBe(true);
  expect(addUsage(usage, undefined)).toMatchObject({ costCents: 10, unknown: 1 });
  expect(addUsage(usage, { inputTokens: 5 })).toMatchObject({ inputTokens: 5, costCents: 10, unknown: 1 });
  expect(addUsage(usage, { costCents: 0 })).toMatchObject({ costCents: 10, unknown: 0 });
  const thrice = [0.1, 0.2, 0.3].reduce((sum, costCents) => addUsage(sum, { costCents }), noUsage());
  expect(thrice.costCents).toBe(0.6);
  expect(overBudget({ policy: { ...policy, budgetCents: 0.6 }, usage: thrice })).toBe(false);
});

it('equivalent inputs have the same canonical form', () => {
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
])('%j is quoted as one shell word, and as one string of a visibility query', (text, word, queried) => {
  expect(shellWord(text)).toBe(word);
  expect(queryText(text)).toBe(queried);
});

it('the newest inputs are kept, within their size limit', () => {
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
  '%s is shown as plain text in the Web UI',
  (text) => {
    expect(plain(text)).not.toMatch(/\]\(|<img|^\|| \| |\*\*b|https:\/\/|[^\\]`/);
  },
);

it.each([
  ['short', 'abc', 3],
  ['cut at a character', 'aäaä', 5],
  ['four bytes a character', '😀😀', 7],
])('a summary is cut at a whole character: %s', (_, text, most) => {
  const cut = cutBytes(text, most);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
  expect(text.startsWith(cut)).toBe(true);
});

it.each(Object.keys(BUILT_IN))('the built-in pipeline %s is valid [A-149]', (name) => {
  expect(Object.keys(BUILT_IN)).toHaveLength(11);
  expect(RunInput.parse({ ...wish(), pipeline: name }).pipeline.steps).toEqual(BUILT_IN[name]);
});

it('human-review needs a command for every role and helper', () => {
  const { pipeline } = RunInput.parse({ ...wish(), pipeline: 'human-review' });
  expect(rolesOf(pipeline)).toEqual(['coder', 'reviewer', 'fixer', 'conflict-resolver', 'ci-fixer', 'merger']);
});
