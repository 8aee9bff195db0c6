import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Script } from '../../../client/offline/script.ts';
import { simulate, type Simulated } from '../../../client/offline/simulate.ts';
import { BUILT_IN } from '../../../workflows/contracts/pipelines.ts';
import { RunInput } from '../../../workflows/gates/index.ts';

jest.setTimeout(60_000); // eleven pipelines, on a machine that may be busy

const wish = (pipeline: unknown, more: object = {}) => ({
  task: { id: 'PAY-142', title: 'Show totals with tax' },
  change: { repository: 'acme/shop' },
  pipeline,
  ...more,
});

async function played(input: object, script: object = {}): Promise<{ ends: Simulated[]; told: string[] }> {
  const reported: string[] = [];
  const ends = await simulate(input, RunInput.parse(input), Script.parse(script), ({ run, minutes }) => {
    const line = `${run.status} ${run.current?.visit ?? run.current?.id ?? 'nowhere'}`;
    if (reported.at(-1)?.endsWith(line) !== true) reported.push(`${minutes} ${line}`);
  });
  return { ends, told: reported };
}

it.each(Object.keys(BUILT_IN))('simulates the built-in pipeline %s to its end', async (pipeline) => {
  const { ends } = await played(wish(pipeline));
  const outcome = ['integrate', 'blueprint', 'spec'].includes(pipeline) ? 'ready' : 'merged';
  expect(ends).toMatchObject([{ workflowId: 'run/default/PAY-142', end: { result: { outcome } } }]);
});

it('follows its script for failures, checks and people’s actions', async () => {
  const script = {
    jobs: { fixer: [{ fails: 'no idea' }, {}] },
    checks: [['lint'], []],
    people: [
      { action: 'requestFix', findings: 'The total lacks the tax.', afterMinutes: 130 },
      { action: 'approve' },
      { action: 'requestFix', findings: 'Still.' },
    ],
  };
  const { ends, told: reported } = await played(wish('human-review'), script);
  const { run, end } = ends[0]!;
  expect(end).toMatchObject({ result: { outcome: 'merged' } });
  expect(run.steps[2]!.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
  expect(run.steps[4]!.attempts).toHaveLength(1);
  expect(run.notices.find(({ visit }) => visit === '3-human-test#1')).toMatchObject({ severity: 'urgent' });
  expect(reported.filter((line) => line.includes('parked'))).toHaveLength(3);
});

it('waits for an agent that cannot work now, and tries again', async () => {
  const limit = { notNow: 'usage limit reached', againAfterMinutes: 90, costCents: 3 };
  const { ends } = await played(wish('simple'), { jobs: { coder: [limit, { ...limit, againAfterMinutes: 5 }, {}] } });
  const [{ run, end, minutes }] = ends as [Simulated];
  expect(end).toMatchObject({ result: { outcome: 'merged' } });
  expect(run.steps[0]!.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'interrupted', 'completed']);
  expect(run.steps[0]!.usage).toMatchObject({ costCents: 6 });
  expect(run.notices.filter(({ type }) => type === 'agent_unavailable')).toMatchObject([{ severity: 'normal' }]);
  expect(minutes).toBeGreaterThan(95);
});

it('reports how a run fails, and what its release watch does', async () => {
  const red = { jobs: { coder: [{ fails: 'no paper' }] } };
  expect((await played(wish('simple'), red)).ends).toMatchObject([
    { end: { failure: { type: 'job_failed', message: 'no paper' } } },
  ]);
  const steps = [{ kind: 'coder' }, { kind: 'merger' }, { kind: 'post-release-health', minutes: 10 }];
  const signals = [[{ id: 'errors', state: 'ok' }], [{ id: 'errors', state: 'alert' }]];
  const { ends } = await played(wish({ steps }), { signals });
  expect(ends).toMatchObject([
    { end: { result: { outcome: 'merged' } } },
    { end: { result: { health: 'regressed' } } },
  ]);
});

it('runs the example from CONFIGURATION', async () => {
  const paper = readFileSync(new URL('../../../CONFIGURATION.md', import.meta.url), 'utf8');
  const [, script = ''] = /## Simulating a run[^]*?```json\n([^]*?)```/.exec(paper) ?? [];
  const steps = ['coder', 'tester', 'human-test', 'ci', 'merger'].map((kind) => ({ kind }));
  const { ends } = await played(wish({ steps }), JSON.parse(script));
  const jobs = ends[0]!.run.steps.flatMap(({ attempts }) => attempts.map(({ role }) => role));
  expect(jobs).toEqual(['coder', 'tester', 'fixer', 'tester', 'fixer', 'ci-fixer', 'merger']);
});

it('ends if nobody in the script lets the run continue', async () => {
  const steps = [{ kind: 'coder' }, { kind: 'ci', attempts: 0 }, { kind: 'merger' }];
  const { ends } = await played(wish({ steps }), { checks: [['lint']] });
  expect(ends[0]!.end).toMatchObject({ failure: { type: 'job_failed' } });
});
