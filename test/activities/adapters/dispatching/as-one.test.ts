import { environmentsAsOne } from '../../../../activities/adapters/dispatching/environments.ts';
import { executorsAsOne } from '../../../../activities/adapters/dispatching/executors.ts';
import { forgesAsOne } from '../../../../activities/adapters/dispatching/forges.ts';
import type { Repositories } from '../../../../activities/adapters/git/publishing/repositories.ts';
import { withoutIsolation } from '../../../../activities/adapters/processes/isolation/isolation.ts';
import type { AgentSettings } from '../../../../activities/adapters/settings/agent-settings.ts';
import { RepositorySettings } from '../../../../activities/adapters/settings/repository-settings.ts';
import type { JobReport } from '../../../../workflows/contracts/activities.ts';
import { commandJob } from '../../../support/builders.ts';
import { InMemoryEnvironments } from '../../../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../../../support/in-memory/executor.ts';
import { InMemoryForge } from '../../../support/in-memory/forge.ts';

const HERE = '/src/shop';
const THERE = 'https://forge.example/acme/shop';
const BASIS = 'b'.repeat(40);
const changeOf = (repository: string, basis = BASIS) => ({ repository, base: 'main', branch: 'work', basis });

it.each([
  [
    'none',
    { is: 'refused', fields: [{ path: 'change.pullRequest', expected: expect.stringContaining('from a fork') }] },
  ],
  ['bubblewrap', { is: 'found', fork: true }],
] as const)('a fork where commands have the isolation %s is answered so', async (is, expected) => {
  const at = new InMemoryForge(THERE, { 'a.txt': 'a' });
  const { examine } = at;
  at.examine = async (wish) => ({ ...(await examine.call(at, wish)), fork: true });
  const repositories = {} as Repositories;
  const serving = { name: 'there', forge: at, repositories, written: 'a URL', serves: () => true, hosted: true };
  const { forge } = forgesAsOne([serving], { of: async () => ({ is, nests: true }) });
  expect(await forge.examine({ repository: THERE, branch: 'work', branchGiven: false })).toMatchObject(expected);
});

describe('forges as one', () => {
  const read: string[] = [];
  const opened = (repository: string, written: string) => {
    const repositories = { fileAt: async () => void read.push(repository) } as unknown as Repositories;
    const serves = (name: string) => name === repository;
    const forge = new InMemoryForge(repository, { 'a.txt': 'a' });
    return { name: written, forge, repositories, written, serves, hosted: repository === THERE };
  };
  const [here, there] = [opened(HERE, 'an absolute path'), opened(THERE, 'https://forge.example/OWNER/NAME')];
  const { forge, repositories } = forgesAsOne([here, there], withoutIsolation({}));
  const changeIn = (own: typeof here, repository: string) => changeOf(repository, own.forge.branches.get('main'));
  const wish = { branch: 'work', branchGiven: false };

  it('serve each repository by its own forge', async () => {
    for (const [repository, own] of [
      [HERE, here],
      [THERE, there],
    ] as const) {
      const found = await forge.examine({ ...wish, repository });
      expect(found).toMatchObject({ is: 'found', change: { repository, basis: own.forge.branches.get('main') } });
      const head = own.forge.commit('work', { 'b.txt': 'b' });
      expect(await forge.look(changeIn(own, repository))).toMatchObject({ state: 'open', head });
    }
    await repositories.fileAt(THERE, BASIS, 'a.txt');
    expect(read).toEqual([THERE]);
  });

  it('list the branches of all forges', async () => {
    const holder = { workflowId: 'run/default/T-1', runId: '1' };
    await forge.claim(changeIn(here, HERE), holder, async () => true);
    await forge.claim(changeIn(there, THERE), holder, async () => true);
    expect((await forge.list()).map(({ repository }) => repository)).toEqual([HERE, THERE]);
    await forge.release(changeOf(THERE), holder);
    expect((await forge.list()).map(({ repository }) => repository)).toEqual([HERE]);
  });

  it('refuse a hosted repository whose commands cannot be isolated, and say what helps', async () => {
    const of = async (name: string) =>
      name === THERE ? { because: 'there is no bwrap here' } : { is: 'none' as const, nests: true };
    const { forge } = forgesAsOne([here, there], { of });
    expect(await forge.examine({ ...wish, repository: THERE })).toEqual({
      is: 'refused',
      fields: [
        {
          path: 'change.repository',
          expected:
            'expected commands of a hosted repository to be isolated, found that there is no bwrap here. ' +
            'Without it: GATEHOUSE_ISOLATION=none, where the repository and its agents are trusted',
        },
      ],
    });
    expect(await forge.examine({ ...wish, repository: HERE })).toMatchObject({ is: 'found' });
  });

  it('refuse a repository that none of them serves, and say which ones they serve', async () => {
    const expected = `expected an absolute path, or https://forge.example/OWNER/NAME, found ../shop`;
    expect(await forge.examine({ ...wish, repository: '../shop' })).toEqual({
      is: 'refused',
      fields: [{ path: 'change.repository', expected }],
    });
    await expect(forge.look(changeOf('../shop'))).rejects.toThrow('No forge that this worker has open serves ../shop.');
  });
});

const done: JobReport = { is: 'completed', summary: 'done', changed: false, foreign: [] };
const settings = RepositorySettings.parse({
  agents: { coder: 'first', fixer: 'second' },
  environment: { start: 'second' },
});
const settingsOf = async () => settings;
const agentsOf = async () => ({ agents: settings.agents, at: '.gatehouse.yml:agents' });
const runsOnly = (command: string) => (agent: AgentSettings) => agent.is === 'command' && agent.command === command;

describe('executors as one', () => {
  const [first, second] = [new InMemoryExecutor(async () => done), new InMemoryExecutor(async () => done, ['fixer'])];
  const one = executorsAsOne(
    [
      { executor: first, runs: runsOnly('first') },
      { executor: second, runs: runsOnly('second') },
    ],
    agentsOf,
  );
  const job = (role: string) => commandJob(HERE, BASIS, { role });

  it('run each job by the executor that has the agent of its role', async () => {
    await one.ensure(job('coder'));
    await one.ensure(job('fixer'));
    expect([first.begun, second.begun]).toEqual([[job('coder').key], [job('fixer').key]]);
    expect(await one.look(job('fixer').key)).toEqual(done);
    expect(await one.knows(job('fixer').key)).toBe(true);
    expect(await one.look('never')).toMatchObject({ is: 'evicted' });
    expect(await one.examine(changeOf(HERE), ['coder', 'fixer'])).toEqual([]);
  });

  it('leave a job with the executor that has it, even if another one is preferred by now', async () => {
    const [old, preferred] = [new InMemoryExecutor(async () => done), new InMemoryExecutor(async () => done)];
    await old.ensure(job('coder'));
    const open = [preferred, old].map((executor) => ({ executor, runs: () => true }));
    await executorsAsOne(open, agentsOf).ensure(job('coder'));
    expect([old.begun, preferred.begun]).toEqual([[job('coder').key], []]);
  });

  it('hold jobs of the executor whose agent cannot work now, and no others', async () => {
    const busy = new InMemoryExecutor(async () => ({
      is: 'notNow',
      because: 'limit',
      until: '2199-01-01T00:00:00.000Z',
    }));
    const free = new InMemoryExecutor(async () => done);
    const open = [
      { executor: busy, runs: (agent: AgentSettings) => agent.is === 'command' && agent.command === 'first' },
      { executor: free, runs: (agent: AgentSettings) => agent.is === 'command' && agent.command === 'second' },
    ];
    const both = executorsAsOne(open, agentsOf);
    await both.ensure(job('coder'));
    expect(await both.look(job('coder').key)).toMatchObject({ is: 'notNow' });
    expect(await both.unavailable({ ...job('coder'), key: 'next' })).toMatchObject({ because: 'limit' });
    expect(await both.unavailable({ ...job('fixer'), key: 'next' })).toBeUndefined();
  });

  it('poll an unknown job at every executor, because each may still run parts of it', async () => {
    const asked: string[] = [];
    const open = ['a', 'b'].map((name) => {
      const executor = new InMemoryExecutor(async () => done);
      const look = executor.look.bind(executor);
      executor.look = (key) => (asked.push(name), look(key));
      return { executor, runs: () => true };
    });
    expect(await executorsAsOne(open, agentsOf).look('never')).toMatchObject({ is: 'evicted' });
    expect(asked).toEqual(['a', 'b']);
  });

  it('never begin a job that was stopped before', async () => {
    expect(await one.stop(job('fixer').key.replace('T-1', 'T-2'))).toBe(true);
    await one.ensure({ ...job('fixer'), key: job('fixer').key.replace('T-1', 'T-2') });
    expect(second.begun).toEqual([job('fixer').key]);
  });
});

it('combined environments use the provider that the settings select', async () => {
  const [first, second] = [new InMemoryEnvironments(), new InMemoryEnvironments()];
  const one = environmentsAsOne(
    [
      { environments: first, provides: ({ start }) => start === 'first' },
      { environments: second, provides: ({ start }) => start === 'second' },
    ],
    settingsOf,
  );
  const task = { id: 'T-1', title: 't', type: 'feature' } as const;
  await one.ensure({ key: 'env/1', change: changeOf(HERE), head: BASIS, task });
  expect([first.begun, second.begun]).toEqual([[], ['env/1']]);
  expect(await one.look('env/1')).toMatchObject({ is: 'live' });
  second.die('env/1', 'It crashed.');
  expect(await one.look('env/1')).toEqual({ is: 'gone', because: 'It crashed.' });
  await one.remove('env/1');
  expect(await one.list()).toEqual([]);
});
