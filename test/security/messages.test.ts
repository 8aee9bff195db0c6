import { jest } from '@jest/globals';
import { completed, wish } from '../support/builders.ts';
import { AsSent } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

jest.setTimeout(120_000);

const STEPS = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));
const MB = 1_024 * 1_024;

/** A run that waits for a person, where most actions reach it. */
async function parked(over: object = {}, world = {}) {
  const cluster = clusterWith(world);
  const run = await startRun(cluster, { ...wish(...STEPS), ...over });
  return {
    cluster,
    run,
    log: () => run.query('actions'),
    ended: async () => (await run.update('confirm', { by: 'bo' }), run.closed),
  };
}

/** Inputs that anybody with access may send, under any name. */
const HOSTILE: [string, unknown][] = [
  ['two megabytes of text', { findings: 'x'.repeat(2 * MB) }],
  ['two megabytes of an unknown key', { [`k${'x'.repeat(2 * MB)}`]: 1 }],
  ['two megabytes of numbers', { findings: Array.from({ length: MB / 2 }, (_, n) => n % 10) }],
  ['__proto__', JSON.parse('{"__proto__": {"by": "ana", "polluted": true}}')],
  ['constructor', JSON.parse('{"constructor": {"prototype": {"polluted": true}}}')],
  ['toString', { toString: 'x', valueOf: 'y', hasOwnProperty: 'z' }],
  ['a toJSON', { toJSON: 'x' }],
  ['a number', 1e308],
  ['a text', 'confirm'],
  ['an array', [{ by: 'ana' }]],
  ['our own marker', { __gatehouse_unreadable__: 'x' }],
  ['lone surrogates and NUL', { findings: '\ud800\u0000\u202e', extra: '\ud800' }],
  ['an actionId of all prototypes', { actionId: '__proto__', nonsense: 1 }],
];
const NAMES = [
  'confirm',
  'requestFix',
  'hint',
  '_environment',
  '__proto__',
  '__temporal_x',
  'constructor',
  'toString',
  'x'.repeat(100_000),
];

describe.each(HOSTILE)('hostile input: %s', (_, input) => {
  it('as a signal leaves the run unchanged, and its log short', async () => {
    const { run, log, ended } = await parked();
    const before = await run.query('run');
    // Large inputs are slow to send, so only the names that keep most of it are tried.
    const large = JSON.stringify(input).length > MB;
    for (const name of large ? ['requestFix', 'nonsense'] : NAMES) await run.signal(name, input);
    expect((await run.query('run')).current).toEqual(before.current);
    for (const entry of await log()) {
      expect(entry.verdict).toBe('refused');
      expect((entry.input ?? '').length).toBeLessThanOrEqual(12_000);
    }
    expect(JSON.stringify(await log()).length).toBeLessThan(200_000);
    expect(new TextEncoder().encode((await run.metadata()).currentDetails).length).toBeLessThanOrEqual(8_000);
    expect(({} as any).polluted).toBeUndefined();
    expect(await ended()).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('as an update is refused without a log entry', async () => {
    const { run, log, ended } = await parked();
    expect((await run.update('requestFix', input)).refused).toMatchObject({ code: expect.any(String) });
    expect(await log()).toEqual([]);
    expect(await ended()).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('as a start input fails the run as invalid', async () => {
    for (const start of [input, { ...wish(...STEPS), policy: input }, { ...wish(...STEPS), task: input }]) {
      const run = await startRun(clusterWith(), start);
      expect(run.closed).toMatchObject({ failure: { type: 'invalid_input' } });
    }
  });

  it('as the argument of a query gets an empty answer', async () => {
    const { run } = await parked();
    expect(await run.query('output', input)).toBeNull();
    expect(await run.query('output', { step: input })).toBeNull();
  });

  it('as an agent’s output passes no review', async () => {
    const runJob = (job: any) =>
      job.role === 'reviewer' ? completed({ changed: false, output: input }) : goodWork(job);
    const run = await startRun(
      clusterWith({ runJob }),
      wish({ kind: 'coder' }, { kind: 'reviewer' }, { kind: 'merger' }),
    );
    expect(run.closed).toMatchObject({ failure: { type: 'companion_rejected' } });
  });
});

const arrays = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Nested more deeply than recursion can follow, and than any of our programs writes. */
describe.each([
  ['an array', arrays(100_000)],
  ['an object', objects(100_000)],
  ['an array in a field', `{"note": ${arrays(100_000)}}`],
  ['a depth that can be read, but not written', `{"note": ${arrays(4_000)}}`],
  ['quotes and escapes before it', `{"a\\"]": "[[\\\\", "note": ${arrays(4_000)}}`],
  ['invalid JSON', arrays(100_000).slice(1)],
])('deeply nested JSON: %s', (_, json) => {
  it('is refused as a signal, as an update, as a start input, and as the argument of a query', async () => {
    const { run, log, ended } = await parked();
    await run.signal('requestFix', new AsSent(json));
    await run.signal('nonsense', new AsSent(json));
    await run.signal('hint', new AsSent(json));
    expect(await log()).toMatchObject([{ verdict: 'refused', code: 'invalid' }, { verdict: 'refused' }]);
    expect((await run.update('requestFix', new AsSent(json))).refused).toMatchObject({ code: 'invalid' });
    expect(await run.query('output', new AsSent(json))).toBeNull();
    expect(await ended()).toMatchObject({ result: { outcome: 'merged' } });
  });
});

it('JSON of ordinary depth is accepted, even with many brackets in its strings', async () => {
  const { run, log } = await parked();
  await run.signal('requestFix', new AsSent(`{"findings": "${'['.repeat(2_000)} \\" ${'{'.repeat(2_000)}"}`));
  expect(await log()).toMatchObject([{ verdict: 'taken' }]);
});

it.each([
  ['deep', arrays(100_000)],
  ['deep in the task', `{"task": ${objects(100_000)}}`],
])('a start input that is %s fails the run as invalid', async (_, json) => {
  const run = await startRun(clusterWith(), new AsSent(json));
  expect(run.closed).toMatchObject({ failure: { type: 'invalid_input' } });
});

it('hundreds of large refused inputs do not inflate the state that a run carries', async () => {
  const { cluster, run } = await parked();
  for (let n = 0; n < 150; n += 1) await run.signal('requestFix', { findings: 'x'.repeat(10_001), actionId: `a-${n}` });
  run.suggestContinueAsNew = true;
  await run.update('confirm', { by: 'bo' });
  await cluster.settle();
  expect(run.handed).toHaveLength(1);
  expect(JSON.stringify(run.handed).length).toBeLessThan(500_000);
});

it('a large input is distinguished from a similar one, and recognized when repeated', async () => {
  const { run, log } = await parked();
  const large = { findings: 'x'.repeat(9_000), note: 'y'.repeat(1_900), actionId: 'one' };
  await run.update('requestFix', large);
  expect(await run.update('requestFix', large)).toMatchObject({ ok: { actionId: 'one' } });
  expect(await run.update('requestFix', { ...large, findings: `${large.findings.slice(0, -1)}z` })).toMatchObject({
    refused: { code: 'duplicate' },
  });
  expect(await log()).toMatchObject([{ actionId: 'one', verdict: 'taken', repeats: 1 }]);
});

it('a start with the state of an earlier execution is refused', async () => {
  const { run } = await parked();
  const state = { ...(await run.query('run')), change: { basis: 'c'.repeat(40) } };
  const asked: unknown[] = [];
  const cluster = clusterWith({ examine: (question) => (asked.push(question), new Promise(() => undefined)) });
  const forged = await startRun(cluster, { ...wish(...STEPS), resume: { from: 6, settled: [], state } });
  expect(forged.closed).toMatchObject({
    failure: { type: 'invalid_input', message: expect.stringContaining('resume.state') },
  });
});

it.each(['--output=/tmp/x', '-x', 'main', '../../x', 'a'.repeat(41), 'HEAD'])(
  'a start that names %j as the head is refused',
  async (head) => {
    const forged = await startRun(clusterWith(), { ...wish(...STEPS), resume: { from: 1, settled: [], head } });
    expect(forged.closed).toMatchObject({
      failure: { type: 'invalid_input', message: expect.stringContaining('resume.head') },
    });
  },
);
