import { wantedOf } from '../../../../activities/adapters/agents/answers.ts';
import { dataInAnswer } from '../../../../activities/adapters/agents/json.ts';
import { Assessment } from '../../../../workflows/rules/assessment.ts';
import { Review } from '../../../../workflows/rules/companion.ts';
import { readRanking } from '../../../../workflows/rules/consensus.ts';
import { readBlueprint, readSpecification } from '../../../../workflows/rules/documents.ts';
import { readEstimate } from '../../../../workflows/rules/estimate.ts';
import { OnCall } from '../../../../workflows/rules/release.ts';
import { readItems, readRecommendations } from '../../../../workflows/rules/review.ts';
import { readReport } from '../../../../workflows/rules/tester-report.ts';
import { inWords } from '../../../../workflows/words/index.ts';

const scores = { complexity: 0.1, risk: 0.2, impact: 0.3, rationale: 'Small.' };
const item = { category: 'gap', severity: 'high', title: 'T', detail: 'D' };

/** For each role: an answer that fits, and what the rules make of it. */
const ANSWERS: [string, object, (answer: unknown) => unknown][] = [
  ['merger', scores, (answer) => Assessment.parse(answer)],
  ['task-estimator', scores, readEstimate],
  [
    'tester',
    {
      greenlight: true,
      summary: 'Fine.',
      tested: ['a'],
      outcomes: [{ name: 'a', status: 'passed', detail: '' }],
      concerns: [],
    },
    readReport,
  ],
  [
    'on-call',
    { culpritConfidence: 0.5, recommendation: 'hold', rationale: 'R', evidence: [] },
    (answer) => OnCall.parse(answer),
  ],
  ['blueprints', { type: 'service', name: 'Shop', summary: 'S', references: [], modules: [] }, readBlueprint],
  [
    'spec-writer',
    { service: 'Shop', summary: 'S', modules: [{ name: 'M', summary: '', groups: [] }] },
    readSpecification,
  ],
  ['requirements-reviewer', { items: [item] }, readItems],
  ['clarity-reviewer', { items: [item] }, readItems],
  ['recommender', { items: [{ itemId: 'f-1', recommendation: 'R', fromStandard: false }] }, readRecommendations],
];

it.each(ANSWERS)('an answer of %s fits its shape, and the rules', (role, answer, read) => {
  const wanted = wantedOf({ role, brief: 'Do it.' })!;
  expect(wanted.fit(answer)).toEqual({ data: answer });
  const made = read(answer);
  expect(made).toBeDefined();
  expect(made).not.toEqual([]);
  expect(wanted.fit({ nonsense: 1 })).toHaveProperty('misfits');
  expect(wanted.schema).toMatchObject({ type: 'object', additionalProperties: false });
  expect(JSON.stringify(wanted.schema)).not.toContain('"default"');
});

it('a bare list of a reviewer fits', () => {
  expect(wantedOf({ role: 'clarity-reviewer', brief: '' })!.fit([item])).toEqual({ data: { items: [item] } });
});

it('a companion answers with a rating, whatever its role is called', () => {
  const brief = inWords({ fact: 'companionBrief', role: 'architect-companion', threshold: 0.8, repair: false });
  const answer = { rating: 0.9, summary: 'Good.', comments: [{ body: 'B', quotedSource: 'Q' }] };
  expect(wantedOf({ role: 'architect-companion', brief })!.fit(answer)).toEqual({ data: answer });
  expect(Review.parse(answer)).toMatchObject({ rating: 0.9 });
});

it('a vote is a ranking, whatever the role answers with otherwise', () => {
  const brief = inWords({ fact: 'rankingBrief', letters: ['A', 'B'], answers: '…', participant: 'P' });
  const wanted = wantedOf({ role: 'spec-writer', brief })!;
  expect(wanted.fit({ ranking: ['B', 'A'] })).toEqual({ data: { ranking: ['B', 'A'] } });
  expect(readRanking({ ranking: ['B', 'A'] }, ['A', 'B'])).toEqual(['B', 'A']);
});

it.each(['coder', 'architect', 'fixer', 'incorporator', 'toString'])('%s answers with words', (role) => {
  expect(wantedOf({ role, brief: 'Do it.' })).toBeUndefined();
});

describe('data in an answer', () => {
  const object = { a: [1, { b: '}' }] };
  const json = JSON.stringify(object);
  it.each([
    ['bare', json],
    ['in a fence', `\`\`\`json\n${json}\n\`\`\``],
    ['in the last of two fences', `\`\`\`sh\nls\n\`\`\`\nso\n\`\`\`json\n${json}\n\`\`\`\n`],
    ['with words around it', `Here is it: ${json}\nThat is all.`],
  ])('%s', (_, text) => expect(dataInAnswer(text)).toEqual(object));

  it.each(['', 'None.', '7', '"text"', '{ "a": ', '{a: 1}'])('none in %j', (text) =>
    expect(dataInAnswer(text)).toBeUndefined(),
  );

  it('none where it is nested too deep', () => {
    expect(dataInAnswer(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toBeUndefined();
  });
});
