import { jest } from '@jest/globals';
import { attempt, type Attempt } from '../../client/agents/trying.ts';
import { presetOf } from '../../client/agents/naming.ts';
import type { Script } from '../support/model/script.ts';
import { agentWorld, ifFetched, type AgentWorld } from '../support/real-agents/rig.ts';

jest.setTimeout(180_000);

const { describeIt, note } = await ifFetched();

describeIt(`gatehouse agents try, with the real Codex${note}`, () => {
  let world: AgentWorld;
  let lines: string[];
  afterEach(async () => {
    const left = await world.left();
    await world.dispose();
    expect(left).toEqual([]);
  });

  async function tried(script: Script): Promise<Attempt> {
    world = await agentWorld('codex', script);
    lines = [];
    return attempt({
      agent: presetOf('PRESET', 'codex', 'fake'),
      environment: world.env,
      prices: { fake: { input: 1, output: 10 } },
      seconds: 120,
      stop: world.cancel.signal,
      line: (text) => void lines.push(text),
    });
  }

  it('is done, shows what it did, and what that cost', async () => {
    const did = await tried([{ run: 'echo hello from gatehouse > hello.txt' }, { say: 'Created.' }]);
    expect(did).toMatchObject({ done: true, summary: 'Created.', usage: { costCents: expect.any(Number) } });
    expect(lines).toEqual(expect.arrayContaining(['→ echo hello from gatehouse > hello.txt', 'Created.']));
  });

  it('is not done if it only says so', async () => {
    expect(await tried([{ say: 'Created.' }])).toMatchObject({
      done: false,
      because: expect.stringContaining('no hello.txt'),
    });
  });

  it('is not done if its usage limit is reached', async () => {
    expect(await tried([{ trouble: 'usageLimitReached' }])).toMatchObject({ done: false, notNow: true });
  });
});
