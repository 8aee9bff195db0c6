import { jest } from '@jest/globals';
import { BUILT_IN } from '../../../workflows/contracts/pipelines.ts';
import type { ReviewEntry } from '../../../workflows/contracts/reading.ts';
import { gateFor, rolesOf } from '../../../workflows/gates/index.ts';
import { Assessment } from '../../../workflows/rules/assessment.ts';
import { judgeReview, Review } from '../../../workflows/rules/companion.ts';
import { answersText, readRanking } from '../../../workflows/rules/consensus.ts';
import { readBlueprint, readSpecification } from '../../../workflows/rules/documents.ts';
import { readEstimate } from '../../../workflows/rules/estimate.ts';
import { OnCall } from '../../../workflows/rules/release.ts';
import { answersToIncorporate, readItems, readRecommendations } from '../../../workflows/rules/review.ts';
import { judgeReport, readReport } from '../../../workflows/rules/tester-report.ts';
import { incorporateBrief } from '../../../workflows/words/review.ts';
import { PROGRESS, Shop } from '../../support/shop.ts';

jest.setTimeout(120_000);

let shop: Shop;
beforeEach(async () => {
  shop = await Shop.open();
});
afterEach(async () => {
  await shop.remove();
  for (const said of shop.progress) expect(said).toMatch(PROGRESS);
});

const TASK = {
  id: 'SHOP-1',
  title: 'Show totals with tax',
  description: 'The basket shows net, tax (19 %) and total.',
};
const play = (role: string, own: Record<string, unknown> = {}) => shop.play(role, { task: TASK, ...own });
const prior = (kind: string, { summary, output }: any) => ({
  step: 1,
  kind,
  output: [summary, output && JSON.stringify(output)].filter(Boolean).join('\n\n'),
});
const GREEN = { test: true, style: true };

/** The parser for each role with structured output. */
const READERS: Record<string, (end: any) => unknown> = {
  merger: ({ output }) => Assessment.parse(output),
  reviewer: ({ output }) => Review.parse(output),
  'spec-companion': ({ output }) => Review.parse(output),
  'architect-companion': ({ output }) => Review.parse(output),
  'spec-writer': ({ output }) => readSpecification(output),
  blueprints: ({ output }) => readBlueprint(output),
  tester: ({ output }) => readReport(output),
  'task-estimator': ({ output }) => readEstimate(output),
  'requirements-reviewer': ({ output }) => readItems(output),
  'clarity-reviewer': ({ output }) => readItems(output),
  'on-call': ({ output }) => OnCall.parse(output),
};

describe('the scripted roles', () => {
  /** The roles of a run in which everything succeeds: the agents of its steps, and the reviewers. */
  const rolesIn = (name: string) =>
    BUILT_IN[name]!.flatMap(({ kind }) => {
      const { roles } = gateFor(kind);
      return roles.includes(kind) ? [kind] : roles.slice(0, 1).filter((role) => role.endsWith('-reviewer'));
    });

  it.each(Object.keys(BUILT_IN))('complete the pipeline %s, and the checks pass at the end', async (name) => {
    const priorOutputs: unknown[] = [];
    for (const role of rolesIn(name)) {
      const end = await play(role, { priorOutputs });
      expect([role, end.summary]).toEqual([role, expect.any(String)]);
      if (READERS[role]) expect([role, READERS[role](end)]).toEqual([role, expect.anything()]);
      priorOutputs.push(prior(role, end));
      if (role === 'tester' && !end.output.greenlight) await play('fixer');
    }
    expect(await shop.checks()).toEqual(GREEN);
  });

  it('include every role that a run may send, even those of no built-in pipeline', async () => {
    const steps = Object.values(BUILT_IN).flat();
    const roles = new Set([...rolesOf({ name: 'all', steps }), 'business-reviewer', 'task-estimator', 'on-call']);
    for (const role of ['conflict-resolver', ...roles]) {
      const end = await play(role);
      expect([role, end.summary]).toEqual([role, expect.any(String)]);
      if (READERS[role]) expect([role, READERS[role](end)]).toEqual([role, expect.anything()]);
    }
  });

  it('change nothing when they run again', async () => {
    const roles = ['mocker', 'playwright', 'business-documenter', 'documenter', 'integrator'];
    for (const role of roles) await play(role);
    for (const role of ['documenter', 'business-documenter']) await play(role);
    const head = await shop.head();
    for (const role of roles) await play(role);
    expect(await shop.head()).toBe(head);
  });
});

describe('the tester', () => {
  const tested = async (fixes: number) =>
    judgeReport(readReport((await play('tester')).output)!, { fixes, head: await shop.head() });

  it('passes a shop without tax, and skips the test of the tax', async () => {
    const { output } = await play('tester');
    expect(output).toMatchObject({ greenlight: true, concerns: [], environment: 'local' });
    expect(output.outcomes).toEqual([
      { name: 'a basket is worth the sum of its items', status: 'passed' },
      { name: 'an empty basket is worth nothing', status: 'passed' },
      { name: 'the total includes the tax', status: 'skipped', detail: 'Total EUR 56.97' },
    ]);
  });

  it('finds the planted defect, and the fixer fixes it', async () => {
    await play('coder');
    expect(await tested(0)).toMatchObject({
      pass: false,
      reason: {
        fact: 'notGreenlit',
        greenlight: false,
        concerns: [{ title: 'The total lacks the tax', severity: 'high' }],
      },
    });
    await play('fixer');
    expect(await tested(1)).toMatchObject({ pass: true });
  });

  it('names a failing test', async () => {
    await play('coder');
    await play('fixer');
    await shop.write(
      'test/red.test.js',
      `import { test } from 'node:test';\ntest('red', () => { throw new Error(); });\n`,
    );
    expect(await tested(0)).toMatchObject({ pass: false, failing: [{ name: 'red', conclusion: 'failed' }] });
  });

  it('tests the environment, if there is one', async () => {
    const environment = { url: await shop.serve('<td>Net</td><td></td><td>EUR 1.00</td>') };
    const { output } = await play('tester', { environment });
    expect(output).toMatchObject({ environment: 'ephemeral' });
    expect(output.outcomes.at(-1)).toMatchObject({ status: 'skipped', detail: 'Net EUR 1.00' });
  });
});

describe('reviews', () => {
  const reviewOf = (title: string, reply: string): ReviewEntry => ({
    iteration: 1,
    max: 6,
    issued: 1,
    due: false,
    documented: false,
    findings: [
      {
        id: 'f-1',
        category: 'gap',
        severity: 'medium',
        title,
        detail: 'Detail.\n\n# Not ours',
        status: 'answered',
        reply,
      },
    ],
  });
  const brief = (text: string) => `Review it.\n\n# The text\n\n${text}`;

  it.each([
    ['requirements-reviewer', 'How the tax is rounded'],
    ['clarity-reviewer', 'What was expected instead'],
  ])('the %s asks once, and passes when the answer is incorporated', async (role, title) => {
    const text = `${TASK.title}\n\n${TASK.description}`;
    const items = readItems((await play(role, { brief: brief(text) })).output)!;
    expect(items.map((item) => item.title)).toEqual([title]);

    const answers = answersToIncorporate(reviewOf(title, 'The sum,\nonce.'), 'Be quick.')!;
    const asked = incorporateBrief({ text, ...answers });
    const { summary } = await play('incorporator', { brief: asked });
    expect(summary).toBe(`${text}\n\n## Agreed\n\n- ${title}: The sum, once.\n- Be quick.`);
    expect(readItems((await play(role, { brief: brief(summary) })).output)).toEqual([]);
    const task = { ...TASK, description: summary };
    expect(readItems((await play(role, { task, brief: 'Once more.' })).output)).toEqual([]);

    const more = answersToIncorporate(reviewOf('Who pays', 'The customer.'), undefined)!;
    const again = incorporateBrief({ text: summary, ...more });
    expect((await play('incorporator', { brief: again })).summary).toBe(`${summary}\n- Who pays: The customer.`);
  });

  it('the spec-writer turns agreements into rules', async () => {
    const task = {
      ...TASK,
      description: `${TASK.description}\n\n## Agreed\n\n- How the tax is rounded: the sum, once.`,
    };
    const { data } = readSpecification((await play('spec-writer', { task })).output)! as any;
    expect(data.service).toBe('sample-shop');
    expect(data.modules[0].groups[0].rules).toContain('How the tax is rounded: the sum, once.');
  });

  it('the recommender answers each finding', async () => {
    const asked = '## f-1: How the tax is rounded\n\nDetail.\n\n## f-2: Who pays\n\nDetail.\n\n# The text\n\nText.';
    const found = readRecommendations((await play('recommender', { brief: asked })).output);
    expect(found).toMatchObject([
      { itemId: 'f-1', fromStandard: true, recommendation: expect.stringContaining('rounded') },
      { itemId: 'f-2', fromStandard: false },
    ]);
  });
});

describe('companions', () => {
  const judged = ({ output, summary }: any, reworks: number) =>
    judgeReview(Review.parse(output), { threshold: 0.8, reworks, summary });
  const revision = { previousOutput: '', feedback: 'What of an empty basket?', comments: [] };

  it('the spec-companion sends the specification back once', async () => {
    const first = prior('spec-writer', await play('spec-writer'));
    expect(judged(await play('spec-companion', { priorOutputs: [first] }), 0)).toMatchObject({ passed: false });
    const second = prior('spec-writer', await play('spec-writer', { revision }));
    expect(judged(await play('spec-companion', { priorOutputs: [second] }), 1)).toMatchObject({ passed: true });
  });

  it('the architect-companion asks where the code belongs', async () => {
    const plan = prior('architect', await play('architect', { revision }));
    expect(plan.output).toContain('Changed as asked: What of an empty basket?');
    expect(judged(await play('architect-companion', { priorOutputs: [plan] }), 0)).toMatchObject({ passed: true });
    expect(judged(await play('architect-companion'), 0)).toMatchObject({ passed: false });
  });
});

describe('consensus', () => {
  const asked = (answers: string) => ({
    brief: `Make one.\n\n# What was asked\n\nTax.\n\n# The answers\n\n${answers}`,
  });
  const answers = [
    { participant: 'Ana', text: `Fine.\n\n${JSON.stringify({ rating: 0.9 })}` },
    { participant: 'Bo', text: `Bad.\n\n${JSON.stringify({ rating: 0.2 })}` },
  ];

  it('the synthesizer returns the first answer unchanged', async () => {
    expect(await play('synthesizer', asked(answersText(answers, 'names')))).toMatchObject({
      summary: 'Fine.',
      output: { rating: 0.9 },
    });
    const prose = [
      { participant: 'Ana', text: 'A plan.' },
      { participant: 'Bo', text: 'Another.' },
    ];
    const { summary, output } = await play('synthesizer', asked(answersText(prose, 'names')));
    expect([summary, output]).toEqual(['A plan.', undefined]);
  });

  it('the synthesizer returns the answer that won the vote', async () => {
    const reported = `${answersText(answers, 'letters')}\n\nThe vote, by points: B: 2, A: 0. The most points win.`;
    expect(await play('synthesizer', asked(reported))).toMatchObject({ summary: 'Bad.', output: { rating: 0.2 } });
  });

  it('any role can vote', async () => {
    const brief = 'Rank these proposals, best first. Answer in `output` with { "ranking": ["A", "B"] }, in your order.';
    expect(readRanking((await play('architect', { brief })).output, ['A', 'B'])).toEqual(['A', 'B']);
  });
});

describe('on-call', () => {
  const brief = 'The release has regressed.\n- errors: alert (5 %)\n- latency: ok';

  it('blames a release only if its total lacks the tax', async () => {
    const assessed = async () => OnCall.parse((await play('on-call', { brief })).output);
    expect(await assessed()).toMatchObject({ recommendation: 'hold', culpritConfidence: 0.2 });
    await play('coder');
    expect(await assessed()).toMatchObject({ recommendation: 'revert', culpritConfidence: 0.9 });
    expect((await assessed()).evidence).toContain('errors: alert (5 %)');
  });
});
