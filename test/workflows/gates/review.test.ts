import type { HumanAction } from '../../../workflows/contracts/messages.ts';
import type { ReviewEntry } from '../../../workflows/contracts/reading.ts';
import type { JobEnd } from '../../../workflows/gates/gate.ts';
import { reviews } from '../../../workflows/gates/review.ts';
import {
  answersToIncorporate,
  capReached,
  converged,
  noteItems,
  readItems,
  readRecommendations,
  wrongEdit,
} from '../../../workflows/rules/review.ts';
import { incorporateBrief } from '../../../workflows/words/review.ts';
import { completed } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const [requirements, clarity] = reviews as [any, any];
const item = (severity = 'high', title = 'Which tax?') => ({ category: 'gap', severity, title, detail: 'd' });
const finds = (...items: object[]) => completed({ changed: false, output: { items } }) as JobEnd;
const text = (summary: string, more = {}) => completed({ changed: false, summary, ...more }) as JobEnd;
const answer = (finding = 'f-1', reply = '19 %'): HumanAction => ({ kind: 'answerFinding', finding, reply });
const incorporate: HumanAction = { kind: 'incorporate' };

describe('a requirements review', () => {
  it('passes by itself without findings [A-019, A-039]', async () => {
    const { told: reported, end } = await play(requirements, { jobs: { 'requirements-reviewer': [finds()] } });
    expect(reported).toEqual(['requirements-reviewer completed']);
    expect(end).toMatchObject({ is: 'passed' });
  });
  it('asks about findings, and shows no cap while rounds are left [A-020, A-040]', async () => {
    const script = { jobs: { 'requirements-reviewer': [finds(item())] }, people: [{ kind: 'proceed' } as HumanAction] };
    const { told: reported, end } = await play(requirements, script);
    expect(reported.at(-1)).toBe('requirement_review: proceed');
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('let it proceed') });
  });
  it('incorporates answers, reviews the document, and replaces the description with it [A-023]', async () => {
    const jobs = { 'requirements-reviewer': [finds(item()), finds()], incorporator: [text('The tax is 19 %.')] };
    const { told: reported, end, step, briefs } = await play(requirements, { jobs, people: [answer(), incorporate] });
    expect(reported).toEqual([
      'requirements-reviewer completed',
      'requirement_review: answerFinding',
      'requirement_review: incorporate',
      'incorporator completed',
      'requirements-reviewer completed',
    ]);
    expect(end.is).toBe('passed');
    expect(step).toMatchObject({
      summary: 'The tax is 19 %.',
      review: { iteration: 2, documented: true, findings: [] },
    });
    expect(briefs[1]).toMatch(/Answered: Which tax\?[^]*19 %/);
    expect(briefs[2]).toContain('The tax is 19 %.');
  });
  it('asks again if the document still has findings [A-024, A-032]', async () => {
    const jobs = {
      'requirements-reviewer': [finds(item()), finds(item('high', 'Rounding?'))],
      incorporator: [text('t')],
    };
    const { told: reported, step } = await play(requirements, {
      jobs,
      people: [answer(), incorporate, { kind: 'proceed' }],
    });
    expect(reported.at(-1)).toBe('requirement_review: proceed');
    expect(step.review!.findings.map(({ id, title }) => [id, title])).toEqual([['f-2', 'Rounding?']]);
  });
  it('runs no job to incorporate if all findings are dismissed [A-025, A-044]', async () => {
    const people: HumanAction[] = [{ kind: 'dismissFinding', finding: 'f-1' }, incorporate];
    const jobs = { 'requirements-reviewer': [finds(item(), item('low', 'Nit'))] };
    const { told: reported, end } = await play(requirements, {
      jobs,
      people: [...people.slice(0, 1), { kind: 'dismissFinding', finding: 'f-2' }, incorporate],
    });
    expect(reported.filter((line) => line.endsWith(' completed'))).toEqual(['requirements-reviewer completed']);
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('nothing to incorporate') });
  });
  it('offers no incorporation while a finding is open [A-027]', async () => {
    const script = { jobs: { 'requirements-reviewer': [finds(item())] }, people: [incorporate] };
    await expect(play(requirements, script)).rejects.toThrow('incorporate was not offered');
  });
  it('discards a document that was cut, is empty, or failed [A-036, N-41]', async () => {
    for (const end of [text('half', { cut: true }), text('  '), { is: 'failed', because: 'no' } as JobEnd]) {
      const jobs = { 'requirements-reviewer': [finds(item())], incorporator: [end] };
      const {
        asked,
        step,
        told: reported,
      } = await play(requirements, {
        jobs,
        people: [answer(), incorporate, { kind: 'proceed' }],
      });
      expect(asked.at(-1)).toMatchObject({ because: expect.stringContaining('could not be incorporated') });
      expect(step.summary).toBeUndefined();
      expect(step.review!.findings[0]).toMatchObject({ status: 'answered', reply: '19 %' });
      expect(reported).toContain('effect failed');
    }
  });
  it('with a single round starts at its cap, and passes with one more round [A-021, A-034, N-42]', async () => {
    const jobs = { 'requirements-reviewer': [finds(item()), finds()], incorporator: [text('t')] };
    const extra: HumanAction = { kind: 'resolveCap', choice: 'extra-round' };
    const {
      told: reported,
      end,
      asked,
    } = await play(requirements, { jobs, people: [extra, answer(), incorporate] }, { iterations: 1 });
    expect(reported[1]).toBe('decision_required: resolveCap');
    expect(asked[0]).toMatchObject({ cap: { of: 'requirements-review', used: 1, max: 1 } });
    expect(end.is).toBe('passed');
  });
  it('reaches its cap again after the extra round, and then proceeds or stops [A-022, A-033, A-034, N-42]', async () => {
    const jobs = { 'requirements-reviewer': [finds(item()), finds(item('high', 'More'))], incorporator: [text('t')] };
    const people: HumanAction[] = [{ kind: 'resolveCap', choice: 'extra-round' }, answer(), incorporate];
    const proceeds = await play(
      requirements,
      { jobs, people: [...people, { kind: 'resolveCap', choice: 'proceed' }] },
      { iterations: 1 },
    );
    expect(proceeds.end.is).toBe('passed');
    expect(proceeds.told.filter((line) => line === 'decision_required: resolveCap')).toHaveLength(2);
    expect(proceeds.asked.at(-1)).toMatchObject({ cap: { used: 2, max: 2, feedback: 'More (high)' } });
    expect(proceeds.step.summary).toBe('t');
    const stop = play(
      requirements,
      { jobs, people: [...people, { kind: 'resolveCap', choice: 'stop' }] },
      { iterations: 1 },
    );
    await expect(stop).rejects.toThrow('stopped');
  });
  it('tolerates findings as the step or the policy says, and no more severe ones [A-040, A-041]', async () => {
    const jobs = { 'requirements-reviewer': [finds(item('medium'), item('low', 'Nit'))] };
    const policy = { concernAllowed: 'medium' } as const;
    expect((await play(requirements, { jobs, policy })).end.is).toBe('passed');
    expect((await play(requirements, { jobs }, { concernAllowed: 'high' })).end.is).toBe('passed');
    const graver = { 'requirements-reviewer': [finds(item('low', 'Nit'), item('high'))] };
    const { told: reported } = await play(requirements, { jobs: graver, policy, people: [{ kind: 'proceed' }] });
    expect(reported.at(-1)).toBe('requirement_review: proceed');
  });
  it.each([
    ['stops at its cap', 'low', ['requirements-reviewer completed', 'decision_required: resolveCap']],
    ['passes', 'high', ['requirements-reviewer completed']],
  ] as const)('with a single round %s, depending on its tolerance [A-043]', async (_, concernAllowed, lines) => {
    const jobs = { 'requirements-reviewer': [finds(item('high'))] };
    const people: HumanAction[] = [{ kind: 'resolveCap', choice: 'proceed' }];
    const { told: reported, end } = await play(requirements, { jobs, people }, { iterations: 1, concernAllowed });
    expect(reported).toEqual(lines);
    expect(end.is).toBe('passed');
  });
  it('runs a reviewer with an unreadable answer once more, then shows it, and never passes it as "no findings" [N-41]', async () => {
    const jobs = { 'requirements-reviewer': [text('hm'), { is: 'failed', because: 'no' } as JobEnd, finds()] };
    const { told: reported, asked, end } = await play(requirements, { jobs, people: [{ kind: 'reviewAgain' }] });
    expect(reported.slice(0, 3)).toEqual([
      'requirements-reviewer completed',
      'requirements-reviewer failed',
      'requirement_review: reviewAgain',
    ]);
    expect(asked[0]).toMatchObject({ because: 'The requirements-reviewer could not be understood: no.' });
    expect(end.is).toBe('passed');
  });
  it('recommends answers, which people accept, reject, or request again [N-43]', async () => {
    const recommends = (...ids: string[]) =>
      completed({
        changed: false,
        output: { items: ids.map((itemId) => ({ itemId, recommendation: `as ${itemId}`, fromStandard: true })) },
      }) as JobEnd;
    const jobs = {
      'requirements-reviewer': [finds(item(), item('low', 'Nit')), finds()],
      recommender: [recommends('f-1', 'f-2', 'f-9'), text('nothing'), recommends('f-2')],
      incorporator: [text('t')],
    };
    const people: HumanAction[] = [
      { kind: 'requestRecommendations' },
      { kind: 'acceptRecommendation', finding: 'f-1' },
      { kind: 'rejectRecommendation', finding: 'f-2' },
      { kind: 'requestRecommendations', findings: ['f-2'], note: 'again' },
      { kind: 'requestRecommendations', findings: ['f-2'] },
      { kind: 'acceptRecommendation', finding: 'f-2' },
      incorporate,
    ];
    const { end, asked, briefs } = await play(requirements, { jobs, people });
    expect(end.is).toBe('passed');
    expect(asked[4]).toMatchObject({ because: expect.stringContaining('no recommendations') });
    expect(briefs.some((brief) => brief.includes('Answer: as f-1'))).toBe(true);
    expect(briefs.some((brief) => brief.includes('# Besides\n\nagain'))).toBe(true);
  });
  it('asks for a list of findings, each with its category and its severity [A-049, A-052]', async () => {
    const { briefs } = await play(requirements, { jobs: { 'requirements-reviewer': [finds()] } });
    expect(briefs[0]).toContain('{ "items": [{ "category": ');
    expect(briefs[0]).toContain('"gap" | "clarification" | "assumption" | "risk" | "question"');
    expect(briefs[0]).toContain('"severity": "low" | "medium" | "high", "title", "detail" }] }');
    expect(briefs[0]).toContain('every finding with its severity');
  });
});

describe('a clarity review', () => {
  it('works like a requirements review, with the investigation and without recommendations [A-062]', async () => {
    const jobs = { 'clarity-reviewer': [finds(item()), finds()], incorporator: [text('The report, clear.')] };
    const { told: reported, step, briefs } = await play(clarity, { jobs, people: [answer(), incorporate] });
    expect(reported[1]).toBe('clarity_review: answerFinding');
    expect(briefs[0]).toMatch(/investigated is in the prior outputs[^]*an empty list when the text is good enough/);
    expect(briefs[0]).toMatch(/\{ "items": \[\{ "category": .*"severity": .*"title", "detail" \}\] \}/);
    expect(step.summary).toBe('The report, clear.');
    const asks = play(clarity, {
      jobs: { 'clarity-reviewer': [finds(item())] },
      people: [{ kind: 'requestRecommendations' }],
    });
    await expect(asks).rejects.toThrow('not offered');
  });
  it('incorporates answers, or other feedback if there are none [A-063]', async () => {
    const jobs = { 'clarity-reviewer': [finds(item()), finds()], incorporator: [text('The report, clear.')] };
    const { briefs } = await play(clarity, { jobs, people: [answer(), incorporate] });
    expect(briefs[1]).toContain('Answer: 19 %');
    expect(briefs.at(-1)).toContain('# The text\n\nThe report, clear.');

    const people: HumanAction[] = [
      { kind: 'dismissFinding', finding: 'f-1' },
      { kind: 'incorporate', feedback: 'Shorter.' },
    ];
    const unanswered = await play(clarity, { jobs, people });
    expect(unanswered.briefs[1]).toMatch(
      /whole summary is the new text: complete[^]*# Out of scope\n\n- Which tax\?[^]*# Besides\n\nShorter\./,
    );
    expect(unanswered.briefs[1]).not.toContain('# Answered');
  });
});

const table = (over: Partial<ReviewEntry> = {}): ReviewEntry => ({
  iteration: 1,
  max: 6,
  findings: [],
  issued: 0,
  due: false,
  documented: false,
  ...over,
});
const finding = (
  id: string,
  severity: 'low' | 'medium' | 'high',
  status: 'open' | 'answered' | 'dismissed',
  reply?: string,
) => ({
  id,
  category: 'gap' as const,
  severity,
  title: id,
  detail: 'd',
  status,
  ...(reply !== undefined && { reply }),
});

describe('the findings of a review', () => {
  it.each([
    ['no findings', [], true],
    ['a finding above it', [finding('f-1', 'high', 'open')], false],
    ['findings at or below it', [finding('f-1', 'medium', 'open'), finding('f-2', 'low', 'open')], true],
    ['a dismissed finding above it [A-042]', [finding('f-1', 'high', 'dismissed')], true],
    ['an answered finding above it that was not incorporated', [finding('f-1', 'high', 'answered', 'x')], false],
  ])('are settled at a tolerance of medium, or not: %s', (_, findings, passes) => {
    expect(converged(table({ findings }), 'medium')).toBe(passes);
  });
  it('are not settled, and have not reached the cap, while a review is due', () => {
    expect([converged(table({ due: true }), 'high'), capReached(table({ due: true, iteration: 6 }))]).toEqual([
      false,
      false,
    ]);
    expect(capReached(table({ iteration: 6 }))).toBe(true);
  });
  it.each([
    ['nothing at all [A-045]', [], undefined, false],
    ['an answer [A-046]', [finding('f-1', 'low', 'answered', 'x')], undefined, true],
    ['a blank answer [A-047]', [finding('f-1', 'low', 'answered', ' ')], undefined, false],
    ['feedback only [A-048]', [], 'be brief', true],
  ])('leave something to incorporate, or not: %s', (_, findings, feedback, some) => {
    expect(answersToIncorporate(table({ findings }), feedback) !== undefined).toBe(some);
  });
  it('may be empty: feedback alone asks for the whole text again [A-058]', () => {
    const brief = incorporateBrief({ text: 'The text.', ...answersToIncorporate(table(), 'be brief')! });
    expect(brief).toMatch(
      /Your whole summary is the new text: complete, and nothing else\.[^]*# The text as it stands\n\nThe text\.[^]*# Besides\n\nbe brief/,
    );
    expect(brief).not.toMatch(/# Answered|# Out of scope/);
  });
  it('reach the incorporator with their answers, or as out of scope [A-057]', () => {
    const findings = [finding('f-1', 'low', 'answered', 'yes'), finding('f-2', 'low', 'dismissed')];
    const answers = answersToIncorporate(table({ findings }), undefined)!;
    expect(incorporateBrief({ text: 'text', ...answers })).toMatch(/Answer: yes[^]*# Out of scope\n\n- f-2/);
  });
  it.each([
    [
      'a fenced block within prose [A-053]',
      'Sure!\n```json\n{"items":[{"title":"a","severity":"low"}]}\n```\nDone.',
      ['a'],
    ],
    ['a bare array', '[{"title":"a"}]', ['a']],
    ['an object', { items: [{ title: 'a' }] }, ['a']],
  ])('are read from %s', (_, raw, titles) => {
    expect(readItems(raw)!.map(({ title }) => title)).toEqual(titles);
  });
  it.each([[null], [''], ['no json'], [7], [{ findings: [] }]])('are not read from %j [A-056]', (raw) => {
    expect(readItems(raw)).toBeUndefined();
  });
  it('are coerced, sorted, and limited [A-054, A-055]', () => {
    const raw = [
      { title: 'b', severity: 'odd', category: 'odd' },
      { detail: 'only a detail', severity: 'high' },
      { severity: 'high' },
      ...Array.from({ length: 30 }, (_, n) => ({ title: `t${n}`, severity: 'low' })),
    ];
    const items = readItems(raw)!;
    expect(items).toHaveLength(20);
    expect(items[0]).toEqual({
      category: 'question',
      severity: 'high',
      title: 'only a detail',
      detail: 'only a detail',
    });
    expect(items[1]).toMatchObject({ title: 'b', severity: 'medium', category: 'question' });
    expect(items.every(({ title }) => title !== '')).toBe(true);
    const review = table({ due: true });
    noteItems(review, items);
    expect(review.findings.map(({ id, status }) => [id, status])).toEqual(
      Array.from({ length: 20 }, (_, n) => [`f-${n + 1}`, 'open']),
    );
    for (const each of review.findings) expect(each).not.toHaveProperty('reply');
  });
  it('keep their answers if they come up again', () => {
    const review = table({
      findings: [finding('f-1', 'high', 'answered', 'x'), finding('f-2', 'low', 'open')],
      issued: 2,
      due: true,
    });
    noteItems(review, readItems([{ title: 'f-1', severity: 'high' }, { title: 'new' }])!);
    expect(review.findings.map(({ id, title, status }) => [id, title, status])).toEqual([
      ['f-1', 'f-1', 'answered'],
      ['f-3', 'new', 'open'],
    ]);
    expect(review).toMatchObject({ iteration: 2, due: false });
  });
  it.each([
    ['an unknown finding [A-068]', { kind: 'answerFinding', finding: 'f-9', reply: 'x' }, 'invalid'],
    ['a settled finding', { kind: 'answerFinding', finding: 'f-3', reply: 'x' }, 'stale'],
    ['an answer to a dismissed finding', { kind: 'answerFinding', finding: 'f-2', reply: 'x' }, 'stale'],
    ['a second dismissal', { kind: 'dismissFinding', finding: 'f-2' }, 'stale'],
    ['reopening an open finding', { kind: 'reopenFinding', finding: 'f-1' }, 'stale'],
    ['accepting a missing recommendation', { kind: 'acceptRecommendation', finding: 'f-1' }, 'stale'],
    ['a first answer', { kind: 'answerFinding', finding: 'f-1', reply: 'x' }, undefined],
  ])('can be edited, or not: %s [N-40]', (_, action, code) => {
    const findings = [finding('f-1', 'high', 'open'), finding('f-2', 'low', 'dismissed')];
    expect(wrongEdit(table({ findings, issued: 3 }), action as never)?.code).toBe(code);
  });
  it('get recommendations, which are read from either shape', () => {
    const one = { itemId: 'f-1', recommendation: 'r' };
    expect(readRecommendations([one])).toEqual(readRecommendations({ items: [one] }));
    expect(readRecommendations('none')).toEqual([]);
  });
});
