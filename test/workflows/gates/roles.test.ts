import { agents } from '../../../workflows/gates/agent.ts';
import { companions } from '../../../workflows/gates/companion.ts';
import { deployer } from '../../../workflows/gates/deployer.ts';
import type { Gate, JobEnd } from '../../../workflows/gates/gate.ts';
import { tracker } from '../../../workflows/gates/tracker.ts';
import { tally, readRanking } from '../../../workflows/rules/consensus.ts';
import { readBlueprint, readSpecification } from '../../../workflows/rules/documents.ts';
import { readEstimate } from '../../../workflows/rules/estimate.ts';
import { completed } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const gate = (kind: string) => [...agents, ...companions].find((each) => each.kind === kind) as unknown as Gate;
const says = (output: unknown, summary = 'said') => completed({ changed: false, output, summary }) as JobEnd;
const SPEC = {
  service: 'Shop',
  summary: 'Totals.',
  modules: [
    {
      name: 'Basket',
      groups: [
        { requirements: [{ text: 'sums', acceptance: [{ given: 'a', when: 'b', outcome: 'c' }] }], rules: ['r'] },
      ],
    },
  ],
};

describe('a writer of documents', () => {
  it('of a specification shows the rendered document instead of the agent’s summary, and commits it [A-161]', async () => {
    const {
      step,
      told: reported,
      committed,
      end,
    } = await play(gate('spec-writer'), {
      jobs: { 'spec-writer': [says(SPEC, 'chatter')] },
    });
    expect(step.summary).toMatch(/^# Shop\n\nTotals\.\n\n## Basket[^]*Given a; when b; then c/);
    expect(reported.at(-1)).toBe('commit spec/shop.md spec/shop.json');
    expect(Object.keys(committed[0]!)).toEqual(['spec/shop.md', 'spec/shop.json']);
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('spec/shop.md') });
  });
  it('of a blueprint does the same [A-161]', async () => {
    const map = {
      type: 'service',
      name: 'Shop',
      summary: 's',
      references: ['a.js'],
      modules: [{ name: 'Basket', summary: 'm', references: [] }],
    };
    const { told: reported, step } = await play(gate('blueprints'), { jobs: { blueprints: [says(map)] } });
    expect(reported.at(-1)).toBe('commit blueprints/shop.md blueprints/shop.json');
    expect(step.summary).toContain('## Basket');
  });
  it('that returns no document keeps its summary, and commits nothing [A-162]', async () => {
    const {
      step,
      told: reported,
      end,
    } = await play(gate('spec-writer'), {
      jobs: { 'spec-writer': [says({ nothing: true }, 'prose')] },
    });
    expect([step.summary, reported]).toEqual(['prose', ['spec-writer completed']]);
    expect(end).toMatchObject({ note: expect.stringContaining('nothing was committed') });
  });
  it('commits after the approval, with the person’s edits', async () => {
    const script = { jobs: { 'spec-writer': [says(SPEC)] }, common: { approval: true } };
    const edited = await play(gate('spec-writer'), {
      ...script,
      people: [{ kind: 'approve', proposal: '# Our shop\n\nMine.' }],
    });
    expect(edited.told).toEqual(['spec-writer completed', 'approval_required: approve', 'commit spec/our-shop.md']);
    expect(edited.committed[0]).toEqual({ 'spec/our-shop.md': '# Our shop\n\nMine.\n' });
    const asItIs = await play(gate('spec-writer'), { ...script, people: [{ kind: 'approve' }] });
    expect(asItIs.told.at(-1)).toBe('commit spec/shop.md spec/shop.json');
    const rejected = await play(gate('spec-writer'), { ...script, people: [{ kind: 'reject' }] });
    expect(rejected.committed).toEqual([]);
  });
  it('notes a commit that was refused', async () => {
    const { end } = await play(gate('spec-writer'), {
      jobs: { 'spec-writer': [says(SPEC)] },
      refusesCommit: 'it was deleted',
    });
    expect(end).toMatchObject({ note: expect.stringContaining('could not be committed: it was deleted') });
  });
  it.each([[null], [{}], [{ service: ' ' }], ['text']])('does not accept %j as a document', (raw) => {
    expect([readSpecification(raw), readBlueprint(raw)]).toEqual([undefined, undefined]);
  });
});

describe('the task-estimator', () => {
  it('records the scores, and shows them in words [A-147]', async () => {
    const output = { complexity: 0.5, risk: 2, impact: 0.1, rationale: 'big' };
    const { told: reported, step } = await play(gate('task-estimator'), { jobs: { 'task-estimator': [says(output)] } });
    expect(reported).toEqual(['task-estimator completed', 'estimated 0.5 1 0.1']);
    expect(step.summary).toBe('Estimated: complexity 0.5, risk 1, impact 0.1. big');
  });
  it('passes without an estimate if its answer is invalid', async () => {
    const { told: reported, end } = await play(gate('task-estimator'), {
      jobs: { 'task-estimator': [says({ risk: 'high' })] },
    });
    expect([reported, end.is]).toEqual([['task-estimator completed'], 'passed']);
    expect(readEstimate({ complexity: 1, risk: 1 })).toBeUndefined();
  });
});

describe('a companion', () => {
  it('of a spec rates it and sends it back, without a person', async () => {
    const jobs = { 'spec-companion': [says({ rating: 0.4, summary: 'thin' })] };
    const { end, told: reported } = await play(gate('spec-companion'), {
      jobs,
      before: [{ kind: 'spec-writer', summary: 'spec' }],
    });
    expect(end).toMatchObject({
      is: 'back',
      to: ['1-spec-writer'],
      rework: { previousOutput: '', feedback: 'thin' },
    });
    expect(reported).toEqual(['spec-companion completed']);
  });
  it('has nothing to rate if its producer was skipped [N-50]', async () => {
    const { end, told: reported } = await play(gate('reviewer'), { before: [{ kind: 'coder', state: 'skipped' }] });
    expect([end.is, reported]).toEqual(['passed', []]);
  });
  it('commits the document as the person edited it', async () => {
    const script = {
      jobs: { 'spec-companion': [says({ rating: 0.9 })] },
      before: [{ kind: 'spec-writer', summary: '# Shop', output: SPEC }],
      common: { approval: true },
      people: [{ kind: 'approve', proposal: '# Shop\n\nBetter.' } as const],
    };
    const { committed, before } = await play(gate('spec-companion'), script);
    expect(committed).toEqual([{ 'spec/shop.md': '# Shop\n\nBetter.\n' }]);
    expect(before[0]!.summary).toBe('# Shop\n\nBetter.');
  });
  it('passes at exactly its threshold, and sends first comments back [N-50]', async () => {
    const before = [{ kind: 'coder', summary: 'code' }];
    const rated = (rating: number, comments: object[] = []) => ({
      jobs: { reviewer: [says({ rating, comments })] },
      before,
    });
    expect((await play(gate('reviewer'), rated(1))).end).toMatchObject({ is: 'passed' });
    expect((await play(gate('reviewer'), rated(0.8), { threshold: 0.8 })).end).toMatchObject({ is: 'passed' });
    expect((await play(gate('reviewer'), rated(0.85, [{ body: 'x' }]))).end).toMatchObject({ is: 'back' });
    const again = { ...rated(0.85, [{ body: 'x' }]), own: { spent: { rework: 1 } } };
    expect((await play(gate('reviewer'), again)).end).toMatchObject({ is: 'passed' });
  });
});

describe('consensus', () => {
  const common = (strategy: string, rounds = 2) => ({
    consensus: { strategy: strategy as 'debate', participants: ['Ana', 'Bo', 'Cy'], rounds },
  });
  const jobs = (architect: JobEnd[]) => ({ architect, synthesizer: [says({ made: true }, 'one answer')] });

  it('of a panel is synthesized from the answers of all participants', async () => {
    const {
      told: reported,
      step,
      briefs,
    } = await play(gate('architect'), {
      jobs: jobs([says(1, 'one'), says(2, 'two'), says(3, 'three')]),
      common: common('specialist-panel'),
    });
    expect(reported).toEqual([
      'architect completed',
      'architect completed',
      'architect completed',
      'synthesizer completed',
    ]);
    expect(step.summary).toBe('one answer');
    expect(briefs[0]).toContain('You are Ana');
    expect(briefs[3]).toMatch(/## Ana\n\none[^]*## Bo\n\ntwo[^]*## Cy\n\nthree/);
  });
  it('of a debate runs the configured rounds, and each participant reads the others', async () => {
    const { told: reported, briefs } = await play(gate('architect'), {
      jobs: jobs([says(undefined, 'x')]),
      common: common('debate', 3),
    });
    expect(reported).toHaveLength(10);
    expect(briefs[3]).toMatch(/You are Ana[^]*## Bo[^]*## Cy/);
    expect(briefs[3]).not.toContain('## Ana');
  });
  it('of a vote is counted, without unreadable ballots', async () => {
    const ends = [
      says(undefined, 'p'),
      says(undefined, 'q'),
      says(undefined, 'r'),
      says({ ranking: ['B', 'A'] }),
      says({ ranking: ['b', 'C'] }),
      says('?'),
    ];
    const { briefs } = await play(gate('architect'), { jobs: jobs(ends), common: common('ranked-voting') });
    expect(briefs.at(-1)).toContain('The vote, by points: B: 4, A: 1, C: 1.');
    expect(briefs[3]).not.toContain('## Ana');
  });
  it('continues without failed participants, while enough are left', async () => {
    const no: JobEnd = { is: 'failed', because: 'no' };
    const two = await play(gate('architect'), {
      jobs: jobs([no, says(1), says(2)]),
      common: common('specialist-panel'),
    });
    expect(two.end.is).toBe('passed');
    const one = await play(gate('architect'), { jobs: jobs([no, no, says(2)]), common: common('specialist-panel') });
    expect(one.end).toMatchObject({ is: 'failed', reason: expect.stringContaining('Only 1 of 3') });
  });
  it('keeps the earlier answer of a participant that fails in a later round', async () => {
    const ends = [
      says(1, 'a'),
      says(2, 'b'),
      says(3, 'c'),
      { is: 'failed', because: 'no' } as JobEnd,
      says(2, 'b2'),
      says(3, 'c2'),
    ];
    const { briefs } = await play(gate('architect'), { jobs: jobs(ends), common: common('debate') });
    expect(briefs.at(-1)).toMatch(/## Ana\n\na\n[^]*## Bo\n\nb2/);
  });
  it('of a companion is repaired by its synthesizer', async () => {
    const script = {
      jobs: { reviewer: [says({ rating: 0.1 })], synthesizer: [says('?'), says({ rating: 0.9 })] },
      before: [{ kind: 'coder', summary: 'code' }],
      common: common('specialist-panel'),
    };
    const { end, told: reported } = await play(gate('reviewer'), script);
    expect(end.is).toBe('passed');
    expect(reported.slice(-2)).toEqual(['synthesizer completed', 'synthesizer completed']);
  });
  it('reads votes by letter, and counts them by Borda’s method', () => {
    expect(readRanking({ ranking: ['x'] }, ['A'])).toBeUndefined();
    expect(readRanking({ ranking: [' b ', 'b', 'A'] }, ['A', 'B'])).toEqual(['B', 'A']);
    expect(
      tally(
        [
          ['A', 'B'],
          ['B', 'A'],
        ],
        ['A', 'B'],
      ),
    ).toEqual([
      { letter: 'A', points: 1 },
      { letter: 'B', points: 1 },
    ]);
  });
});

describe('the deployer', () => {
  it('waits until the environment is live, and shows its address [A-199, N-54]', async () => {
    const { told: reported, end, step } = await play(deployer);
    expect(reported).toEqual(['build']);
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('is live at http://x.test') });
    expect(step.summary).toContain('http://x.test');
  });
  it.each([
    ['failed', 'job_failed'],
    ['slow', 'timeout'],
  ] as const)('fails the run if the environment is %s [N-54]', async (site, type) => {
    expect((await play(deployer, { site })).end).toMatchObject({ is: 'failed', type });
  });
  it('has nothing to do without a change', async () => {
    expect((await play(deployer, { head: null })).told).toEqual([]);
  });
});

describe('the tracker', () => {
  it('files the analysis as an issue', async () => {
    const before = [{ kind: 'analysis', summary: 'the findings' }];
    const { told: reported, end, step } = await play(tracker, { before });
    expect(reported).toContain('issue Tech debt: Show totals: the findings');
    expect(end).toMatchObject({ is: 'passed', note: 'Filed as ISSUE-1.' });
    expect(step.output).toEqual({ id: 'ISSUE-1' });
  });
  it('files the task if there is no analysis, and passes without a working tracker', async () => {
    expect((await play(tracker)).told).toContain('issue Tech debt: Show totals: the task');
    expect((await play(tracker, { tracker: 'none' })).end).toMatchObject({
      is: 'passed',
      note: expect.stringContaining('no tracker'),
    });
    expect((await play(tracker, { tracker: 'down' })).end).toMatchObject({
      is: 'passed',
      note: expect.stringContaining('the tracker is down'),
    });
  });
});
