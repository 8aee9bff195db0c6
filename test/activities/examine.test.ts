import { MockActivityEnvironment } from '@temporalio/testing';
import type { Ports } from '../../activities/ports.ts';
import { runActivities } from '../../activities/runs.ts';
import type { Began } from '../../workflows/contracts/change.ts';
import { needsOf, rolesOf, RunInput } from '../../workflows/gates/index.ts';
import { change, completed, wish } from '../support/builders.ts';
import { InMemoryEnvironments } from '../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { InMemoryForge } from '../support/in-memory/forge.ts';
import { InMemoryReleases } from '../support/in-memory/store.ts';

const HEALTH = { kind: 'post-release-health' };
const STEPS = [{ kind: 'coder' }, { kind: 'merger' }];

/** Examines a repository for a run of these steps, with or without the settings that they need. */
async function examined(
  steps: { kind: string }[],
  {
    release = false,
    environment = false,
    began = undefined as Began | undefined,
    forge = new InMemoryForge(change.repository, {}),
  } = {},
) {
  const releases = new InMemoryReleases();
  releases.examine = async () => ({ configured: release });
  const environments = new InMemoryEnvironments();
  environments.examine = async () => ({ configured: environment, fields: [] });
  const ports = {
    forge,
    executor: new InMemoryExecutor(async () => completed() as never),
    environments,
    releases,
  } as never as Ports;
  const input = RunInput.parse(wish(...steps));
  const { examine } = runActivities(ports, { taskQueue: 'q', taskLimit: undefined });
  const holder = { workflowId: 'run/default/PAY-142', runId: '1' };
  const question = { input, roles: rolesOf(input.pipeline), needs: needsOf(input.pipeline), holder, began };
  return new MockActivityEnvironment().run(examine, question);
}
const lacking = (where: string) => ({ is: 'refused', fields: [{ path: `.gatehouse.yml:${where}` }] });

describe('a pipeline that watches its release', () => {
  it('is refused without a release command, and accepted with one [A-112, A-113, A-114]', async () => {
    expect(await examined([...STEPS, HEALTH])).toMatchObject(lacking('release'));
    expect(await examined([...STEPS, HEALTH], { environment: true })).toMatchObject(lacking('release'));
    expect(await examined([...STEPS, HEALTH], { release: true })).toMatchObject({ is: 'ready' });
  });
  it('is accepted without a command while that step is disabled [A-115]', async () => {
    expect(await examined([...STEPS, { ...HEALTH, enabled: false } as never])).toMatchObject({ is: 'ready' });
  });
  it('is refused once a change enables that step [A-116]', async () => {
    expect(await examined(STEPS)).toMatchObject({ is: 'ready' });
    expect(await examined([...STEPS, HEALTH])).toMatchObject(lacking('release'));
  });
});

it('a pipeline that deploys is refused if the repository has no environment [A-131]', async () => {
  const steps = [{ kind: 'coder' }, { kind: 'deployer' }, { kind: 'tester' }];
  expect(await examined(steps)).toMatchObject(lacking('environment'));
  expect(await examined(steps, { environment: true })).toMatchObject({ is: 'ready', environments: true });
});

it.each([
  ['change.branch', 'a branch that no other run uses: run/default/PAY-9 works on pay', undefined],
  ['change.pullRequest', 'a pull request that no other run gates: run/default/PAY-9 works on 17', 17],
])('a second live run is refused at %s', async (path, expected, pullRequest) => {
  const forge = new InMemoryForge(change.repository, {});
  const by = { workflowId: 'run/default/PAY-9', runId: '1' };
  forge.claim = async () => ({ is: 'held', by });
  const { examine } = forge;
  forge.examine = async (wished) => {
    const found = await examine.call(forge, wished);
    if (found.is === 'refused') return found;
    return { ...found, change: { ...found.change, branch: 'pay', ...(pullRequest && { pullRequest }) } };
  };
  const refused = { is: 'refused', fields: [{ path, expected: `expected ${expected}` }] };
  expect(await examined(STEPS, { forge })).toEqual(refused);
});

it('a retry is refused if its path now leads to another repository', async () => {
  const expected = `expected /srv/before.git, where the run began: ${change.repository} is ${change.repository} now`;
  const began = { repository: '/srv/before.git', basis: undefined as never };
  const refused = { is: 'refused', fields: [{ path: 'change.repository', expected }] };
  expect(await examined(STEPS, { began })).toEqual(refused);
});

/** The part of a client that reads the start input of a run. */
const historyOf = (input: object) => {
  const payload = { data: Buffer.from(JSON.stringify(input)) };
  const started = { workflowExecutionStartedEventAttributes: { input: { payloads: [payload] } } };
  return {
    workflowService: { getWorkflowExecutionHistory: async () => ({ history: { events: [started] } }) },
    options: {
      namespace: 'default',
      loadedDataConverter: {
        payloadCodecs: [],
        payloadConverter: { fromPayload: ({ data }: { data: Buffer }) => JSON.parse(data.toString()) as unknown },
      },
    },
  };
};

describe('a run that depends on one that the server no longer knows', () => {
  const gone = Object.assign(new Error('no such workflow'), { name: 'WorkflowNotFoundError' });
  const client: any = {
    workflow: { getHandle: () => ({ describe: () => Promise.reject(gone) }), ...historyOf({ task: {} }) },
    withAbortSignal: (_: AbortSignal, work: () => unknown) => work(),
  };
  it.each([
    ['ready if that one ended merged, as its row says', { end: { outcome: 'merged' } }, 'ready'],
    ['refused if it ended otherwise', { end: { outcome: 'failed' } }, 'refused'],
    ['refused if its row has not ended', {}, 'refused'],
    ['refused if it has no row', undefined, 'refused'],
  ])('is %s', async (_, row, is) => {
    const environments = new InMemoryEnvironments();
    environments.examine = async () => ({ configured: false, fields: [] });
    const ports = {
      forge: new InMemoryForge(change.repository, {}),
      executor: new InMemoryExecutor(async () => completed() as never),
      environments,
      releases: new InMemoryReleases(),
      rows: {
        read: async () => row,
        admit: async () => [],
        release: async () => undefined,
        begin: async () => undefined,
      },
    } as never as Ports;
    const { task, ...others } = wish(...STEPS);
    const input = RunInput.parse({ ...others, task: { ...task, dependsOn: ['BEFORE'] } });
    const { examine } = runActivities(ports, { taskQueue: 'q', taskLimit: undefined }, { ensure: async () => 0 });
    const holder = { workflowId: 'run/default/PAY-142', runId: '1' };
    const question = { input, roles: rolesOf(input.pipeline), needs: needsOf(input.pipeline), holder };
    const found = await new MockActivityEnvironment({}, { client }).run(examine, question);
    expect(found).toMatchObject({ is, rows: true });
  });
});
