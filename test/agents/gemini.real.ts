import path from 'node:path';
import { jest } from '@jest/globals';
import { worldsOf, type AgentWorld } from '../support/real-agents/rig.ts';
import { REAL_AGENTS } from '../support/real-agents/versions.ts';
import type { Script, Trouble } from '../support/model/script.ts';

jest.setTimeout(180_000);

describe(`the real Gemini CLI ${REAL_AGENTS.gemini.version}`, () => {
  let world: AgentWorld;
  const open = worldsOf('gemini');
  const playing = async (script: Script) => (world = await open(script));

  it('edits in the checkout, goes on with its session, and reports the usage of both runs', async () => {
    await playing([{ run: 'echo closed > shop.txt' }, { say: 'I closed it.' }, { say: 'Nothing else.' }]);
    const session = await world.open('write');
    expect(await session.ask('Close the shop.')).toMatchObject({ is: 'answered', text: 'I closed it.' });
    const second = await session.ask('Anything else?');
    await session.close();
    const spent = { inputTokens: 3_000, cachedInputTokens: 1_200, outputTokens: 150 };
    expect(second).toEqual({ is: 'answered', text: 'Nothing else.', spent });
    expect(await world.read('shop.txt')).toBe('closed\n');
    expect(JSON.stringify(world.model.asked[2]!.body)).toContain('Close the shop.');
  });

  it('edits nothing in read mode', async () => {
    await playing((_, n) =>
      n === 0 ? { write: path.join(world.repository, 'shop.txt'), text: 'closed' } : { say: 'Done' },
    );
    const session = await world.open('read');
    expect(await session.ask('Close it.')).toMatchObject({ is: 'answered', text: 'Done' });
    await session.close();
    expect(await world.git('status', '--porcelain')).toBe('');
  });

  it.each<[Trouble, object]>([
    ['unauthorized', { is: 'notNow', because: expect.stringMatching(/^It is signed out: /) }],
    ['modelNotFound', { is: 'notNow', because: expect.stringMatching(/^It does not know its model: /) }],
    ['rateLimitedForAnHour', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    ['overloaded', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    [
      'reset',
      { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) },
    ],
    ['badRequest', { is: 'failed', because: expect.stringContaining('Unknown parameter') }],
  ])('%s', async (trouble, turn) => {
    await playing([{ trouble }]);
    const session = await world.open('write');
    expect(await session.ask('Close it.')).toMatchObject(turn);
    await session.close();
  });
});
