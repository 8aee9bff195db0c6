import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Drive } from '../../../../activities/adapters/agents/driver/drive.ts';
import { launchingOf } from '../../../../activities/adapters/agents/launching.ts';
import { parseConfiguration, type Configuration } from '../../../../activities/adapters/configuration/configuration.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { agentFor, type AgentSettings } from '../../../../activities/adapters/settings/agent-settings.ts';
import { parseSettings } from '../../../../activities/adapters/settings/repository-settings.ts';
import { inCheckouts } from '../../../support/local.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(path.join(tmpdir(), 'gatehouse-agents-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

const change = { repository: '/home/ana/shop', base: 'main', branch: 'work', basis: 'b'.repeat(40) };
const agentsIn = (text: string) => {
  const read = parseSettings(text);
  if ('fields' in read) throw new Error(JSON.stringify(read.fields));
  return read.settings.agents;
};
const { configuration } = parseConfiguration(
  `secrets:
     HERE: { env: HERE, for: [agents] }
     UNSET: { env: NONE, for: [agents] }
     SHORT: { env: SHORT, for: [agents] }
     ELSEWHERE: { env: HERE, repositories: [/home/ben/**], for: [agents] }`,
  { file: '/gatehouse.yml', environment: { HERE: 'value', SHORT: 'abc' } },
) as { configuration: Configuration };

const AT = '.gatehouse.yml:agents';
it.each<[string, string, object[]]>([
  ['has a secret', 'coder: { command: "true", secrets: [HERE] }', []],
  [
    'lacks one',
    'coder: { command: "true", secrets: [HERE, NONE] }',
    [
      {
        path: `${AT}.coder.secrets`,
        expected: 'expected secrets that this worker has, found NONE, which the configuration file does not have',
      },
    ],
  ],
  [
    'lacks two in the default',
    'default: { acp: "true", secrets: [UNSET, ELSEWHERE] }',
    [
      {
        path: `${AT}.default.secrets`,
        expected:
          'expected secrets that this worker has, found UNSET, whose variable is not set; ELSEWHERE, which is not for this repository',
      },
    ],
  ],
  [
    'has one that is too short',
    'coder: { use: codex, env: { PATH: /nowhere }, secrets: [SHORT] }',
    [
      expect.anything(),
      { path: `${AT}.coder.secrets`, expected: expect.stringContaining('SHORT, whose value is sho') },
    ],
  ],
  [
    'has no program',
    'coder: { acp: no-such-program acp }',
    [{ path: `${AT}.coder`, expected: "expected a command on PATH, found 'no-such-program'" }],
  ],
  [
    'is a preset that is not installed',
    "coder: { use: codex, env: { PATH: '/nowhere' } }",
    [
      {
        path: `${AT}.coder`,
        expected: expect.stringMatching(/^expected the program of coder, 'codex', on PATH\. To get it: npm install/),
      },
    ],
  ],
  [
    'is missing',
    'fixer: x',
    [{ path: `${AT}.coder`, expected: 'expected an agent, or one for default, found nothing' }],
  ],
])('a role whose agent %s is examined before the start', async (_, agents, fields) => {
  const options = { root, environment: { PATH: process.env['PATH'] }, configuration: () => configuration };
  const agentsOf = async () => ({ agents: agentsIn(`agents: { ${agents} }`), at: AT });
  const executor = commandExecutor(inCheckouts({ ...options, agentsOf }));
  expect(await executor.examine(change, ['coder'])).toEqual(fields);
  await executor.close();
});

it('the defaults of the operator are named as such', async () => {
  const at = 'gatehouse.yml:defaults.agents';
  const agentsOf = async () => ({ agents: agentsIn('agents: { default: no-such-program }'), at });
  const executor = commandExecutor(inCheckouts({ root, environment: {}, agentsOf }));
  expect(await executor.examine(change, ['coder'])).toMatchObject([{ path: `${at}.default` }]);
  await executor.close();
});

describe('an agent is started', () => {
  const agent = (written: string): AgentSettings => agentFor(agentsIn(`agents: { default: ${written} }`), 'coder')!;
  const given = { mode: 'write', cwd: '/tree', secrets: { A: 'value' }, prices: {} } as const;
  const files = { drive: '/job/drive.json', scratch: '/job/scratch', cancel: '/job/cancel' };
  const started = (written: string) => launchingOf({ ...given, files, agent: agent(written) });

  it.each(['node x', '{ command: node x }'])('as it is: %s', (written) => {
    expect(started(written)).toEqual({ command: 'node x', env: {} });
  });

  it.each([
    ['{ command: x, secrets: [A] }', { is: 'command', command: 'x' }, {}],
    ['{ acp: x, mode: m, env: { B: b } }', { is: 'acp', command: 'x', mode: 'm', arguments: [] }, { B: 'b' }],
    ['{ use: codex, model: m }', { is: 'preset', preset: 'codex', model: 'm', arguments: [] }, {}],
  ])('by the driver, without values of secrets in its file: %s', (written, spoken, env) => {
    const { command, drive, env: variables } = started(written);
    expect(command).toMatch(/^exec '.*node' .*\/agent\.js'$/);
    expect(Drive.parse(drive)).toMatchObject({ agent: spoken, env, scratch: '/job/scratch' });
    expect(JSON.stringify(drive)).not.toContain('value');
    expect(variables).toEqual({ A: 'value', PWD: '/tree', GATEHOUSE_DRIVE: '/job/drive.json' });
  });
});
