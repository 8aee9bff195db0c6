import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfiguration, type Configuration } from '../../../../activities/adapters/configuration/configuration.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { commandOf } from '../../../../activities/adapters/local/command-executor/commands.ts';
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
     ELSEWHERE: { env: HERE, repositories: [/home/ben/**], for: [agents] }`,
  { file: '/gatehouse.yml', environment: { HERE: 'x' } },
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
    'has no program',
    'coder: { acp: no-such-program acp }',
    [{ path: `${AT}.coder`, expected: "expected a command on PATH, found 'no-such-program'" }],
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

describe('the command', () => {
  const agent = (written: string): AgentSettings => agentFor(agentsIn(`agents: { default: ${written} }`), 'coder')!;

  it.each(['node x', '{ command: node x }'])('of %s is run as it is', (written) => {
    expect(commandOf(agent(written))).toBe('node x');
  });

  it.each([
    ['{ command: x, secrets: [A] }', 'commands with secrets'],
    ['{ acp: x }', 'acp'],
    ['{ use: codex }', 'codex'],
  ])('of %s cannot be run yet', (written, what) => {
    expect(() => commandOf(agent(written))).toThrow(`This version of gatehouse cannot run ${what} yet.`);
  });
});
