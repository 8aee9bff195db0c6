import { jest } from '@jest/globals';
import { boundedForeign, boundedWriters } from '../../../workflows/contracts/run/foreign.ts';
import { Policy } from '../../../workflows/contracts/policy.ts';
import type { StepEntry } from '../../../workflows/contracts/reading.ts';
import { SNAPSHOT_VERSION, type Carried } from '../../../workflows/contracts/run/snapshot.ts';
import { freshStep, type StepRecord } from '../../../workflows/contracts/run/state.ts';
import { CARRIED_BYTES, carriedOf, keepNearWithin, keepWithin, shownWithin } from '../../../workflows/rules/bounds.ts';
import { bytesOf, cutText, newestWithin, piecesOf, weightOf } from '../../../workflows/rules/bytes.ts';
import { readSnapshot } from '../../../workflows/run/snapshots.ts';
import { stepEntry } from '../../../workflows/rules/describe.ts';
import { change, HEAD } from '../../support/builders.ts';

const at = '2026-01-01T00:00:00.000Z';
const many = <T>(count: number, of: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => of(n + 1));
/** More characters than any trimming leaves of a text. With as many as a text may have, 64 steps would take 250 MB. */
const LONG_ENOUGH = 1_000;
/** A text at its length limit, in letters of three bytes. */
const long = (characters: number) => '長'.repeat(characters);

const finding = (n: number, status: 'open' | 'answered' | 'dismissed', most: number) => ({
  ...{ id: `f-${n}`, category: 'gap' as const, severity: 'high' as const, status },
  ...{ title: long(500), detail: long(most), reply: long(most) },
  recommendation: { text: long(most), fromStandard: false, status: 'open' as const },
});

/** A step with as many entries as it may have, whose texts have up to so many characters. */
const fullStep = (step: number, state: StepRecord['state'], most = 10_000): StepRecord => ({
  ...freshStep(step, { kind: 'coder' }),
  state,
  attempts: many(200, (n) => ({
    ...{ n, role: 'coder', key: `run/default/PAY-142/000000000001/${step}-coder/coder-${n}`, at, head: HEAD },
    ...{ outcome: 'completed' as const, summary: long(n < 199 ? most / 20 : 500) },
  })),
  rounds: many(20, () => ({
    kind: 'fix' as const,
    findings: long(most),
    outcome: 'completed' as const,
    head: HEAD,
  })),
  verdicts: many(2, () => ({ rating: 0.1, threshold: 0.8, passed: false, feedback: long(8.5 * most) })),
  review: {
    ...{ iteration: 6, max: 20, issued: 200, due: false, documented: false },
    findings: [
      ...many(20, (n) => finding(n, 'open', most)),
      ...many(10, (n) => finding(20 + n, 'answered', most)),
      ...many(10, (n) => finding(30 + n, 'dismissed', most)),
    ],
  },
  ...{ note: long(4_000), reopened: long(4_000), summary: long(most), output: { text: 'x'.repeat(25.6 * most) } },
  ...(state === 'waiting' && {
    rework: {
      ...{ previousOutput: 'x'.repeat(25.6 * most), feedback: long(most) },
      comments: many(40, () => ({ quote: long(5_000), text: long(5_000) })),
    },
  }),
  decision: { id: `${step}-coder/decision-1`, question: long(most), options: many(50, () => long(1_000)) },
});

const fullSteps = (most?: number) =>
  many(8, (n) => (n < 6 ? fullStep(n, 'done', most) : fullStep(n, n === 6 ? 'waiting' : 'pending')));

const full = (over: Partial<Carried> = {}): Carried => ({
  ...{ version: SNAPSHOT_VERSION, workflowId: 'run/default/PAY-142', firstRunId: 'first' },
  pipeline: { name: 'custom', steps: many(8, () => ({ kind: 'coder' })) },
  ...{ policy: Policy.parse({}), change, head: HEAD, headAt: at, environments: true, branchResumed: false },
  foreign: boundedForeign(
    many(200, (n) => ({
      ...{ commit: String(n).padStart(40, '0'), author: long(200), email: long(200) },
      others: many(20, () => long(200)),
    })),
  ),
  writers: boundedWriters(many(400, () => long(200))),
  steps: fullSteps(LONG_ENOUGH),
  actions: many(200, (n) => ({
    ...{ actionId: `${n}${long(100)}`, action: 'requestFix', by: long(200), at, visit: '6-coder#3' },
    ...{ verdict: 'refused' as const, code: 'invalid' as const, because: long(1_000), repeats: 0, input: long(12_000) },
  })),
  seen: many(500, (n) => ({ id: `${n}${long(100)}`, action: 'requestFix', input: long(400), visit: '6-coder#3' })),
  notices: many(400, (n) => ({
    ...{ id: `6-coder#${n}/approval_required`, type: 'approval_required' as const, severity: 'normal' as const, at },
    ...{ visit: `6-coder#${n}`, text: long(2_000), ...(n < 400 && { clearedAt: at }) },
  })),
  usage: { inputTokens: 1, outputTokens: 1, costCents: 1, unknown: 0 },
  environment: {
    ...{ status: 'failed', generation: 3, because: long(100_000) },
    holder: { workflowId: 'run/default/PAY-142', runId: 'first' },
  },
  ...{ generation: 3, restarts: 0, baseMoves: 0, wait: { key: '', since: at } },
  ...over,
});

describe('the state that a run carries', () => {
  it('stays within its size limit, however full, and can be read by the next execution', () => {
    const run = full({ steps: fullSteps() });
    keepWithin(run);
    expect(bytesOf(carriedOf(run))).toBeLessThanOrEqual(CARRIED_BYTES);
    expect(() => readSnapshot(JSON.parse(JSON.stringify(run)))).not.toThrow();
  });

  it('stays within its size limit with as many steps as a pipeline may have', () => {
    const run = full({ steps: many(64, (n) => (n < 64 ? fullStep(n, 'done', LONG_ENOUGH) : fullStep(n, 'waiting'))) });
    keepWithin(run);
    expect(bytesOf(carriedOf(run))).toBeLessThanOrEqual(CARRIED_BYTES);
  });

  it('marks what was cut, and keeps what the current decision needs', () => {
    const run = full();
    keepWithin(run);
    const step = run.steps[5]!;
    expect(run.steps[0]!.output).toEqual({ cut: expect.stringContaining('bytes') });
    expect(step.verdicts.at(-1)!.feedback).toMatch(/… \[cut: it had 255002 bytes\]$/);
    expect(step.attempts.at(-1)).toMatchObject({ n: 200, summary: long(500) });
    expect(step.review!.findings.filter(({ status }) => status === 'open')).toHaveLength(20);
    expect(run.notices.at(-1)).toMatchObject({ visit: '6-coder#400', text: long(2_000) });
    expect(run.actions.at(-1)).toMatchObject({ actionId: `200${long(100)}` });
    expect(run.seen.at(-1)).toMatchObject({ id: `500${long(100)}` });
  });

  it('stays complete while it fits', () => {
    const run = full({
      steps: [freshStep(1, { kind: 'coder' })],
      actions: [],
      seen: [],
      notices: [],
      foreign: [],
      writers: [],
    });
    const before = structuredClone(run);
    keepWithin(run);
    expect(run).toEqual(before);
  });

  it('drops the oldest entries first', () => {
    const run = full({
      steps: [freshStep(1, { kind: 'coder' })],
      seen: [],
      notices: [],
      foreign: [],
      writers: [],
      environment: null,
    });
    keepWithin(run);
    expect(run.actions.length).toBeGreaterThan(20);
    expect(run.actions[0]!.input).toBeUndefined();
    expect(run.actions.at(-1)!.input).toContain('長');
  });

  it('stays unchanged if it is limited again without new entries', () => {
    const run = full();
    keepWithin(run);
    const before = structuredClone(run);
    keepWithin(run);
    expect(run).toEqual(before);
  });
});

describe('the size of a run at each turn', () => {
  const turn = (run: Carried) => {
    const counting = jest.spyOn(JSON, 'stringify');
    keepNearWithin(run);
    const counted = counting.mock.calls.length;
    counting.mockRestore();
    return counted;
  };

  it('is not measured while the run is small, or has not grown', () => {
    const steps = [freshStep(1, { kind: 'coder' })];
    expect(turn(full({ steps, actions: [], seen: [], notices: [], foreign: [], writers: [], environment: null }))).toBe(
      0,
    );
    const run = full();
    expect(turn(run)).toBeGreaterThan(0);
    expect(turn(run)).toBe(0);
  });

  it('stays near its limit, whatever grows', () => {
    const run = full();
    for (let n = 1; n <= 60; n += 1) {
      keepNearWithin(run);
      expect(bytesOf(carriedOf(run))).toBeLessThanOrEqual(CARRIED_BYTES + 100_000);
      run.notices.push({ ...run.notices.at(-1)!, id: `7-coder#${n}`, clearedAt: at, text: long(2_000) });
      run.steps[5]!.verdicts.push({ rating: 0.1, threshold: 0.8, passed: false, feedback: 'x'.repeat(3_000) });
    }
  });

  it('is measured again after the run has shrunk and grown', () => {
    const run = full();
    keepNearWithin(run);
    const { notices } = run;
    run.notices = [];
    turn(run);
    run.notices = many(20, (n) => ({ ...notices.at(-1)!, id: `7-coder#${n}`, clearedAt: at, text: long(2_000) }));
    expect(turn(run)).toBeGreaterThan(0);
  });
});

it('weightOf estimates the size of JSON', () => {
  const run = full({ steps: [fullStep(1, 'done')], notices: [], seen: [], actions: [] });
  const ascii = JSON.parse(JSON.stringify(run).replaceAll('長', 'x')) as unknown;
  expect(weightOf(ascii) / bytesOf(ascii)).toBeCloseTo(1, 1);
});

it('the steps in a run’s result stay within their size limit', () => {
  const entries = many(64, (n) => stepEntry(fullStep(n, 'done', LONG_ENOUGH)));
  const reported: StepEntry[] = shownWithin(entries);
  expect(bytesOf(reported)).toBeLessThanOrEqual(256_000);
  expect(reported.map(({ id }) => id)).toEqual(entries.map(({ id }) => id));
  expect(entries[0]!.attempts).toHaveLength(200);
});

describe('a cut text', () => {
  it.each([
    ['letters', 'x'.repeat(500)],
    ['letters of three bytes', long(500)],
    ['escaped characters', '"\n\u0001'.repeat(500)],
    ['surrogate pairs', '🙂'.repeat(500)],
    ['lone surrogates', '\ud83d'.repeat(500)],
  ])('fits, names its original size, and ends at a whole character: %s', (_, text) => {
    const cut = cutText(text, 120);
    expect(bytesOf(cut)).toBeLessThanOrEqual(120);
    expect(cut).toMatch(new RegExp(`… \\[cut: it had ${bytesOf(text)} bytes\\]$`));
    expect(cutText(cut, 60)).toMatch(new RegExp(`… \\[cut: it had ${bytesOf(text)} bytes\\]$`));
    expect(cut.slice(0, -1).at(-1)).toBeDefined();
  });
  it('is kept in pieces of whole characters, which make up the text', () => {
    const pieces = piecesOf(`a${'🙂'.repeat(500)}${'"'.repeat(500)}`, 120);
    expect(Math.max(...pieces.map(bytesOf))).toBeLessThanOrEqual(120);
    expect(pieces.join('')).toBe(`a${'🙂'.repeat(500)}${'"'.repeat(500)}`);
    expect(pieces.filter((piece) => /[\ud800-\udfff]/u.test(piece))).toEqual([]);
  });
  it('still names where all of it is kept when it is cut again', () => {
    const cut = cutText('x'.repeat(500), 200, ['a', 'b']);
    expect(cut).toMatch(/x… \[cut: it had 502 bytes; all of it is kept as a \+ b\]$/);
    expect(cutText(cut, 100, ['a', 'b'])).toMatch(/x… \[cut: it had 502 bytes; all of it is kept as a \+ b\]$/);
  });
  it('is not cut if it fits', () => {
    expect(cutText('x'.repeat(118), 120)).toHaveLength(118);
    expect(newestWithin(['a', 'b', 'c'], 8)).toEqual(['b', 'c']);
  });
});
