import { jest } from '@jest/globals';
import { bytesOf } from '../../workflows/rules/bytes.ts';
import { change, HEAD, wish } from '../support/builders.ts';
import { UNREADABLE } from '../support/sandbox.ts';
import { clusterWith } from '../support/world.ts';

jest.setTimeout(120_000);

const task = { id: 'PAY-142', title: 'Tax', type: 'feature' };
const run = wish({ kind: 'coder' });
const release = {
  ...{ workspace: 'default', task, change, policy: {}, pipeline: 'custom' },
  ...{ options: { kind: 'post-release-health' }, mergeCommit: HEAD, mergedAt: '2026-01-01T00:00:00.000Z' },
};
const environment = {
  ...{ workspace: 'default', task, change, head: HEAD, generation: 1, provisionSeconds: 60 },
  holder: { workflowId: 'run/default/PAY-142', runId: 'first' },
};

interface Entered {
  type: string;
  id: string;
  /** A valid input, and an invalid one with the field that the error names. */
  input: object;
  wrong: [input: object, field: string];
  /** State that only an earlier execution may pass on. */
  forged?: [input: object, field: string][];
}
const WORKFLOWS: Entered[] = [
  {
    ...{ type: 'pipelineRun', id: 'run/default/PAY-142', input: run },
    wrong: [{ ...run, task: { ...task, id: '..' } }, 'task.id'],
    forged: [
      [{ ...run, resume: { from: 1, state: {} } }, 'resume.state'],
      [{ ...run, resume: { from: 2, settled: [{ step: 1, kind: 'coder', state: 'done' }] } }, 'resume.settled'],
      [{ ...run, resume: { from: 1, settled: [] } }, 'resume.settled'],
      [{ ...run, resume: { of: { runId: 'x' }, visits: { '1-coder': 7 } } }, 'resume.visits'],
      [{ ...run, resume: { from: 2 } }, 'resume.of'],
    ],
  },
  {
    ...{ type: 'environment', id: 'env/default/PAY-142', input: environment },
    wrong: [{ ...environment, generation: 0 }, 'generation'],
    forged: [[{ ...environment, resume: { keys: ['env/default/OTHER/000000000001/1'] } }, 'resume']],
  },
  {
    ...{ type: 'releaseWatch', id: 'release/default/PAY-142', input: release },
    wrong: [{ ...release, mergeCommit: '' }, 'mergeCommit'],
    forged: [[{ ...release, resume: { from: 1, state: {} } }, 'resume.state']],
  },
  { type: 'survey', id: 'doctor/x/look', input: {}, wrong: [{ fix: 'yes' }, 'fix'] },
];

/** Twenty dependents, each within its own limits. */
const waiting = Array.from({ length: 20 }, (_, n) => ({
  ...wish({ kind: 'coder' }),
  task: { id: `PAY-${n}`, title: 'next', description: 'x'.repeat(50_000) },
}));
const TOO_LARGE: [string, string, object, string][] = [
  ['pipelineRun', 'run/default/PAY-142', { ...run, task: { ...task, dependents: waiting } }, 'task.dependents'],
  ['releaseWatch', 'release/default/PAY-142', { ...release, padding: 'x'.repeat(600_000) }, 'padding'],
  ['environment', 'env/default/PAY-142', { ...environment, change: { ...change, x: 'x'.repeat(600_000) } }, 'change'],
];

describe.each(TOO_LARGE)('a start input of %s that is too large in total', (type, id, input, field) => {
  const found = bytesOf(input);
  it('fails with the largest field and the sizes', async () => {
    const { closed } = await clusterWith().start(type, id, input);
    const message = `^${field}: expected a start input of at most 500000 bytes in all, found ${found}, \\d+ of them here$`;
    expect(closed).toMatchObject({
      failure: { type: 'invalid_input', message: expect.stringMatching(new RegExp(message)) },
    });
  });

  it('is accepted from an execution that continues as new', async () => {
    const { closed } = await clusterWith().start(type, id, input, { continued: true });
    expect(closed ?? {}).not.toHaveProperty('failure.type', 'invalid_input');
  });
});

describe.each(WORKFLOWS)('$type', ({ type, id, input, wrong, forged }) => {
  const start = (raw: unknown, options = {}) => clusterWith().start(type, id, raw, options);
  const refusal = ([raw, field]: [object, string]) =>
    expect(start(raw)).resolves.toMatchObject({
      closed: { failure: { type: 'invalid_input', message: expect.stringMatching(new RegExp(`^${field}: expected`)) } },
    });

  it('accepts a valid input', async () => {
    expect((await start(input)).closed ?? {}).not.toHaveProperty('failure.type', 'invalid_input');
  });

  it.each([false, true])('stalls on an input that cannot be decoded, until a worker has the codec [%s]', (continued) =>
    expect(start(UNREADABLE, { continued })).rejects.toThrow('cannot be decoded'),
  );

  it('names the field of an invalid input', () => refusal(wrong));

  it('stalls on a continued input that it cannot read, until the newer build that wrote it takes over', () =>
    expect(start(wrong[0], { continued: true })).rejects.toThrow(`A newer build wrote this input: ${wrong[1]}`));

  if (forged)
    it.each(forged)('refuses a start with state that only an earlier execution may pass on: %j', (...row) =>
      refusal(row),
    );
});
