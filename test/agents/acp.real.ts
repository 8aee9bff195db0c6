import { jest } from '@jest/globals';
import { acp, shellCommand } from '../../activities/adapters/agents/acp/index.ts';
import type { Conversation, Mode } from '../../activities/adapters/agents/conversation.ts';
import { agentWorld, type AgentWorld } from '../support/real-agents/rig.ts';

jest.setTimeout(180_000);

describe('OpenCode by the Agent Client Protocol', () => {
  let world: AgentWorld;
  let opened: Conversation | undefined;
  afterEach(async () => {
    await opened?.close();
    const left = await world.left();
    await world.dispose();
    expect(left).toEqual([]);
  });

  async function ask(mode: Mode, script: Parameters<typeof agentWorld>[1], rules?: object) {
    world = await agentWorld('opencode', script);
    const env = { ...world.env, PWD: world.repository };
    if (rules) Object.assign(env, { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: rules }) });
    opened = await acp()({
      program: shellCommand('opencode acp'),
      cwd: world.repository,
      env,
      model: 'fake/fake',
      arguments: [],
      mode,
      scratch: world.repository,
      seen: (event) => void world.seen.push(event),
      signal: world.cancel.signal,
    });
    return opened.ask('Do it.');
  }

  it('works in the checkout, and reports its cost', async () => {
    const turn = await ask('write', [{ run: 'echo hello > hello.txt' }, { say: 'Greeted.' }], { '*': 'ask' });
    expect(turn).toMatchObject({ is: 'answered', text: 'Greeted.', spent: { costCents: expect.any(Number) } });
    expect(await world.read('hello.txt')).toBe('hello\n');
  });

  it('is denied what is outside, and asked once more it goes on', async () => {
    const turn = await ask('write', [{ write: '/var/tmp/gatehouse-outside.txt', text: 'x' }, { say: 'Without it.' }]);
    expect(turn).toMatchObject({ is: 'answered', refused: true });
    expect(await opened!.ask('Go on without it.')).toMatchObject({ is: 'answered', text: 'Without it.' });
  });

  it('that is signed out cannot work now', async () => {
    expect(await ask('write', [{ trouble: 'unauthorized' }])).toMatchObject({ is: 'notNow' });
  });
});
