import { MockActivityEnvironment } from '@temporalio/testing';
import { unfitForForks } from '../../activities/examining/forks.ts';
import type { Ports } from '../../activities/ports.ts';
import { runActivities } from '../../activities/runs.ts';
import { RunInput } from '../../workflows/gates/index.ts';
import { change, wish } from '../support/builders.ts';

type Steps = Parameters<typeof wish>;

it.each<[string, Steps, object, string | undefined]>([
  ['reads', [{ kind: 'reviewer', attempts: 0 }, { kind: 'merger' }], {}, undefined],
  ['writes', [{ kind: 'coder' }], {}, 'found coder'],
  ['writes in a disabled step', [{ kind: 'coder', enabled: false }, { kind: 'architect' }], {}, undefined],
  ['may fix its checks', [{ kind: 'ci' }], {}, 'found ci-fixer (of ci); a step sends no helper if it may send none'],
  ['may not fix its checks', [{ kind: 'ci', attempts: 0 }], {}, undefined],
  [
    'may fix nothing by policy',
    [{ kind: 'ci' }, { kind: 'conflicts' }],
    { ciAttempts: 0, conflictAttempts: 0 },
    undefined,
  ],
  [
    'asks a person who may have it fixed',
    [{ kind: 'human-test' }],
    {},
    'found fixer (of human-test), conflict-resolver',
  ],
  ['asks a person who may not', [{ kind: 'human-test', fixes: 0 }], { conflictAttempts: 0 }, undefined],
])('a pipeline that %s', (_, steps, policy, refused) => {
  const written = steps.map(({ attempts, ...step }) => (step.kind === 'reviewer' ? step : { attempts, ...step }));
  const given = written.map((step) =>
    Object.fromEntries(Object.entries(step).filter(([, value]) => value !== undefined)),
  );
  const pipeline = { name: 'p', steps: given } as never;
  const input = { ...RunInput.parse(wish({ kind: 'architect' })), pipeline };
  const fields = unfitForForks({ ...input, policy: { ...input.policy, ...policy } });
  expect(fields.map(({ path }) => path)).toEqual(refused === undefined ? [] : ['change.pullRequest']);
  if (refused !== undefined) expect(fields[0]!.expected).toContain(refused);
});

describe('the examination of a change', () => {
  const examined = (
    found: object,
    over: { policy?: Record<string, unknown>; [key: string]: unknown },
    more: object = {},
  ) => {
    const ports = {
      forge: {
        examine: async () => ({ is: 'found', change, checksGraceSeconds: 0, tested: 'head', ...found }),
        claim: async () => ({ is: 'ours' }),
      },
      executor: { examine: async () => [] },
      environments: { examine: async () => ({ configured: false, fields: [] }) },
      ...more,
    } as never as Ports;
    const { examine } = runActivities(ports, { taskQueue: 'q', taskLimit: undefined });
    const input = RunInput.parse({ ...wish({ kind: 'architect' }), ...over });
    const holder = { workflowId: 'run/default/PAY-142', runId: '1' };
    return new MockActivityEnvironment().run(examine, { input, roles: [], needs: [], holder, given: over.policy });
  };
  const fields = (path: string, expected: string) => ({ is: 'refused', fields: [{ path, expected }] });

  it('refuses a merge method that the forge does not have', async () => {
    const squash = { policy: { mergeMethod: 'squash' } };
    expect(await examined({ mergeMethods: ['merge'] }, squash)).toEqual(
      fields('policy.mergeMethod', 'expected merge, which is how /srv/shop.git can be merged into, found squash'),
    );
    expect(await examined({}, squash)).toMatchObject({ is: 'ready' });
    expect(await examined({ mergeMethods: ['merge'] }, {})).toMatchObject({ is: 'ready' });
  });

  it('refuses a task without a title if its pull request has none either', async () => {
    const untitled = { task: { id: 'PAY-142' }, change: { repository: '/srv/shop.git', pullRequest: 3 } };
    expect(await examined({}, untitled)).toEqual(fields('task.title', 'expected a title, found nothing'));
    const said = { title: 'Totals', description: 'As in the law.', fork: true };
    expect(await examined(said, untitled)).toMatchObject({ is: 'ready', ...said });
  });

  it('merges what the operator demands of the repository into the policy, and refuses what is looser', async () => {
    const of = (repository: string) => ({
      floor: { maxRisk: 0.2 },
      comment: 'ours' as const,
      at: `rules of ${repository}`,
    });
    expect(await examined({}, {}, { rules: { of } })).toMatchObject({ is: 'ready', policy: { maxRisk: 0.2 } });
    expect(await examined({}, { policy: { maxRisk: 0.3 } }, { rules: { of } })).toEqual(
      fields('policy.maxRisk', 'expected at most 0.2, which rules of /srv/shop.git demands, found 0.3'),
    );
    expect(await examined({}, {})).not.toHaveProperty('policy');
  });

  it('refuses a fork that something would write to', async () => {
    expect(await examined({ fork: true }, wish({ kind: 'coder' }))).toMatchObject({
      is: 'refused',
      fields: [{ path: 'change.pullRequest' }],
    });
  });
});
