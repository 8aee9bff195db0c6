import type { Signal } from '../../../workflows/contracts/activities.ts';
import type { JobEnd } from '../../../workflows/gates/gate.ts';
import { postReleaseHealth, watchRelease, type Watch, type Watched } from '../../../workflows/gates/release.ts';
import { judgeSignals, OnCall, sinceRelease } from '../../../workflows/rules/release.ts';
import { regressed } from '../../../workflows/words/release.ts';
import { completed } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const signal = (state: Signal['state'], id = 'errors', more: Partial<Signal> = {}): Signal => ({ id, state, ...more });

/** The watch itself, played as a gate. */
async function watched(script: Parameters<typeof play>[1], options = {}) {
  let last: Watch | undefined;
  const gate = { ...postReleaseHealth, run: (ctx: Watched) => watchRelease(ctx, (reported) => (last = reported)) };
  const played = await play(gate as never, script, options as never);
  return { ...played, watch: last! };
}
const assessed = completed({
  changed: false,
  summary: 'It is us.',
  output: { culpritConfidence: 0.9, recommendation: 'revert', rationale: 'r', evidence: ['log', 7] },
}) as JobEnd;
const acknowledged = { kind: 'acknowledge', by: 'ana' } as const;

describe('post-release-health', () => {
  it('starts a separate workflow that watches the release', async () => {
    expect((await play(postReleaseHealth)).end).toMatchObject({
      is: 'passed',
      note: 'Watched by release/default/PAY-142.',
    });
  });
  it('passes at once if nothing was merged [N-23]', async () => {
    const { end } = await play(postReleaseHealth, { merged: false });
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('Nothing was merged') });
  });
});

describe('a release watch', () => {
  it('ends as healthy when its time is over without an alert [A-096, A-100]', async () => {
    const { told: reported, watch } = await watched({ signals: [signal('ok')] }, { minutes: 7 });
    expect(reported).toEqual(['watching 7']);
    expect(watch.health).toBe('healthy');
  });
  it('runs on-call once on a regression, reports it, and waits for an acknowledgement [E-38, A-101, A-181]', async () => {
    const script = {
      signals: [signal('alert', 'errors', { detail: '5 %' })],
      jobs: { 'on-call': [assessed] },
      people: [acknowledged],
    };
    const { told: reported, watch, asked, briefs } = await watched(script);
    expect(reported).toEqual(['watching 30', 'on-call completed', 'release_regression: acknowledge']);
    expect(asked[0]).toMatchObject({ because: expect.stringContaining('On-call says revert (confidence 0.9)') });
    expect(briefs[0]).toContain('errors: alert (5 %)');
    expect(watch).toMatchObject({
      health: 'regressed',
      acknowledgedBy: 'ana',
      assessment: { culpritConfidence: 0.9, recommendation: 'revert', rationale: 'r' },
    });
    expect(watch.assessment!.evidence).toEqual(['log']);
  });
  it('reports a failed investigation [N-23]', async () => {
    const script = {
      signals: [signal('alert')],
      jobs: { 'on-call': [{ is: 'failed', because: 'no' } as JobEnd] },
      people: [acknowledged],
    };
    const { asked, watch } = await watched(script, { attempts: 2 });
    expect(asked[0]).toMatchObject({ because: expect.stringContaining('check it yourself') });
    expect(watch.assessment).toBeUndefined();
  });
  it('without attempts asks a person, and does not fail [N-23]', async () => {
    const { told: reported, end } = await watched(
      { signals: [signal('alert')], people: [acknowledged] },
      { attempts: 0 },
    );
    expect(reported).toEqual(['watching 30', 'release_regression: acknowledge']);
    expect(end.is).toBe('passed');
  });
  it.each(['pass', 'notice'])('without configured signals passes without a notice: %s [A-099]', async (onNoData) => {
    const { told: reported, end, watch } = await watched({ signals: [] }, { onNoData });
    expect([reported, end.is, watch.signals]).toEqual([['watching 30'], 'passed', []]);
  });
  it.each([
    ['pass', []],
    ['notice', ['notice release_no_data']],
  ])('without data does as the step configures: %s', async (onNoData, notices) => {
    const { told: reported, watch } = await watched({ signals: [signal('no_data')] }, { onNoData });
    expect(reported.slice(1)).toEqual(notices);
    expect(watch.health).toBe('no-data');
  });
});

describe('the health of a release', () => {
  it.each([
    ['one alert [A-094]', [signal('ok'), signal('alert')], 'regressed'],
    ['warnings only', [signal('warn')], 'healthy'],
    ['no data', [signal('no_data')], 'no-data'],
    ['some data', [signal('no_data'), signal('ok')], 'healthy'],
    ['no signals', [], 'no-data'],
  ])('is judged by %s', (_, signals, health) => expect(judgeSignals(signals)).toBe(health));
  it.each([
    ['was there before the release only warns [A-103]', '2026-01-01T00:00:00Z', 'warn', 'healthy'],
    ['began after it is a regression [A-102]', '2026-01-03T00:00:00Z', 'alert', 'regressed'],
    ['began with it is a regression [A-102]', '2026-01-02T00:00:00Z', 'alert', 'regressed'],
  ] as const)('is judged with the time of the alert: one that %s', (_, since, state, health) => {
    const signals = sinceRelease([signal('alert', 'a', { since }), signal('ok', 'b')], '2026-01-02T00:00:00Z');
    expect(signals).toMatchObject([
      { id: 'a', state },
      { id: 'b', state: 'ok' },
    ]);
    expect(judgeSignals(signals)).toBe(health);
  });
  it('is judged by each alert separately', () => {
    const old = signal('alert', 'a', { since: '2026-01-01T00:00:00Z' });
    const young = signal('alert', 'b', { since: '2026-01-03T00:00:00Z' });
    expect(sinceRelease([old, young], '2026-01-02T00:00:00Z').map(({ state }) => state)).toEqual(['warn', 'alert']);
  });
  it('is reported with the names and details of the alerts [A-097, A-098]', () => {
    expect(regressed({ signals: [signal('alert', 'a', { name: 'Errors', detail: '5 %' }), signal('ok', 'b')] })).toBe(
      'The release has regressed: Errors (5 %).',
    );
    expect(regressed({ signals: [signal('warn')] })).toBe('The release has regressed.');
  });
  it('is in doubt after an incomplete assessment', () => {
    expect(OnCall.parse({})).toEqual({ culpritConfidence: 0, recommendation: 'hold', rationale: '', evidence: [] });
  });
});
