import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { worldsOf, type AgentWorld } from '../support/real-agents/rig.ts';
import { until } from '../support/until.ts';
import { REAL_AGENTS } from '../support/real-agents/versions.ts';
import type { Script, Trouble } from '../support/model/script.ts';

jest.setTimeout(180_000);

describe(`the real OpenCode ${REAL_AGENTS.opencode.version}`, () => {
  let world: AgentWorld;
  const open = worldsOf('opencode');
  const playing = async (script: Script) => (world = await open(script));

  it('edits in the checkout, goes on with its session, and reports usage and cost of all answers', async () => {
    await playing([
      { run: 'echo closed > shop.txt && git add shop.txt && git commit --quiet --message Closed' },
      { say: 'I closed it.' },
      { say: 'Nothing else.' },
    ]);
    // An inherited PWD sends it elsewhere, unless it is replaced.
    world.env['PWD'] = tmpdir();
    const session = await world.open('write');
    expect(await session.ask('Close the shop.')).toMatchObject({ is: 'answered', text: 'I closed it.' });
    const second = await session.ask('Anything else?');
    await session.close();

    const spent = { inputTokens: 3_000, cachedInputTokens: 1_200, outputTokens: 150, costCents: expect.closeTo(0.342) };
    expect(second).toEqual({ is: 'answered', text: 'Nothing else.', spent });
    expect(await world.git('log', '--format=%s')).toBe('Closed\nA shop');
    expect(JSON.stringify(world.model.asked[2]!.body)).toContain('Close the shop.');
    expect(world.seen).toContainEqual({ is: 'tool', title: expect.stringContaining('git commit'), state: 'ended' });
  });

  it('edits nothing in read mode', async () => {
    await playing([{ write: 'shop.txt', text: 'closed' }, { say: 'Done' }]);
    const session = await world.open('read');
    expect(await session.ask('Close it.')).toMatchObject({ is: 'answered', text: 'Done' });
    await session.close();
    expect(await world.git('status', '--porcelain')).toBe('');
  });

  it('leaves what is outside of the checkout alone, and goes on without', async () => {
    const outside = path.join(tmpdir(), `gatehouse-outside-${process.pid}`);
    await playing([
      { write: outside, text: 'x' },
      { run: `cp shop.txt ${outside}` },
      { run: 'echo yes > "$TMPDIR/mine" && cp "$TMPDIR/mine" kept.txt' },
      { say: 'Done' },
    ]);
    const session = await world.open('write');
    expect(await session.ask('Go out.')).toMatchObject({ is: 'answered', text: 'Done' });
    await session.close();
    expect(existsSync(outside)).toBe(false);
    expect(await world.read('kept.txt')).toBe('yes\n');
  });

  it('is ended with all that it started when the job is cancelled', async () => {
    await playing((_, n) => (n === 0 ? { run: 'setsid sleep 300 & sleep 300' } : { trouble: 'silence' }));
    const session = await world.open('write');
    const asked = session.ask('Sleep.');
    asked.catch(() => undefined);
    await until('its commands', async () => (await world.left()).some((command) => command.startsWith('sleep 300')));
    world.cancel.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
    await session.close();
  });

  it.each<Trouble>(['html', 'emptyStream'])(
    '%s is ended by its reader, because it would go on for ever',
    async (trouble) => {
      await playing([{ trouble }]);
      let answers = 0;
      const session = await world.open('write', {
        seen: ({ is }) => is === 'answered' && (answers += 1) === 20 && world.cancel.abort(new Error('enough')),
      });
      await expect(session.ask('Close it.')).rejects.toThrow('enough');
      await session.close();
    },
  );

  it.each<[Trouble, object]>([
    ['unauthorized', { is: 'notNow', because: expect.stringMatching(/^It is signed out: /) }],
    ['modelNotFound', { is: 'notNow', because: expect.stringMatching(/^It does not know its model: /) }],
    ['rateLimitedForAnHour', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    ['insufficientQuota', { is: 'notNow', because: expect.stringMatching(/^It has no credit left: /) }],
    ['usageLimitReached', { is: 'notNow', because: expect.stringMatching(/^Its usage limit is reached: /) }],
    ['unavailable', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    ['overloaded', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    ['internalError', { is: 'notNow', because: expect.stringMatching(/^Its provider does not answer: /) }],
    ['cut', { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) }],
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
