import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ifFetched, worldsOf, type AgentWorld } from '../support/real-agents/rig.ts';
import { until } from '../support/until.ts';
import { REAL_AGENTS } from '../support/real-agents/versions.ts';
import { RESETS_AT } from '../support/model/troubles.ts';
import type { Script, Trouble } from '../support/model/script.ts';

jest.setTimeout(60_000);

const { describeIt, note } = await ifFetched();
const all = process.env['REAL_AGENTS'] === 'all';
/** Those for which Codex itself tries again for half a minute. */
const SLOW = new Set<Trouble>(['internalError', 'reset', 'cut', 'emptyStream', 'rateLimited']);

describeIt(`the real Codex ${REAL_AGENTS.codex.version}${note}`, () => {
  let world: AgentWorld;
  const open = worldsOf('codex');
  const playing = async (script: Script) => (world = await open(script));

  it('edits and commits in the checkout, goes on with its session, and reports its usage once', async () => {
    await playing([
      { run: 'echo closed > shop.txt && git add shop.txt && git commit --quiet --message Closed' },
      { say: 'I closed it.' },
      { say: 'Nothing else.' },
    ]);
    const session = await world.open('write');
    const first = await session.ask('Close the shop.');
    expect(first).toMatchObject({ is: 'answered', text: 'I closed it.' });
    const second = await session.ask('Anything else?');
    await session.close();

    const spent = { inputTokens: 3_000, cachedInputTokens: 1_200, outputTokens: 150 };
    expect(second).toEqual({ is: 'answered', text: 'Nothing else.', spent });
    expect(await world.git('log', '--format=%s')).toBe('Closed\nA shop');
    expect(JSON.stringify(world.model.asked[2]!.body)).toContain('Close the shop.');
    expect(world.seen).toContainEqual({ is: 'message', text: 'I closed it.' });
    expect(world.seen).toContainEqual({ is: 'tool', title: expect.stringContaining('git commit'), state: 'begun' });
  });

  it('asks for structured output in the strict form of its schema', async () => {
    await playing([{ say: '{"verdict":"approve","note":null}' }]);
    const session = await world.open('read');
    const schema = {
      type: 'object',
      properties: { verdict: { type: 'string' }, note: { type: 'string' } },
      required: ['verdict'],
    };
    expect(await session.ask('Review it.', { schema })).toMatchObject({
      is: 'answered',
      text: '{"verdict":"approve"}',
    });
    await session.close();
    expect(world.model.asked[0]!.body.text.format).toMatchObject({
      strict: true,
      schema: { required: ['verdict', 'note'], additionalProperties: false },
    });
  });

  it('changes nothing in read mode', async () => {
    await playing([
      { run: 'echo closed > shop.txt; touch new.txt; git commit --allow-empty --message x' },
      { say: 'Done' },
    ]);
    const session = await world.open('read');
    expect(await session.ask('Close it.')).toMatchObject({ is: 'answered' });
    await session.close();
    expect(await world.git('status', '--porcelain')).toBe('');
    expect(await world.git('log', '--format=%s')).toBe('A shop');
  });

  it('changes nothing outside of the checkout in write mode, and has a folder for temporary files', async () => {
    const outside = path.join(tmpdir(), `gatehouse-outside-${process.pid}`);
    await playing([
      { run: `touch ~/outside ${outside}; echo yes > "$TMPDIR/mine" && cp "$TMPDIR/mine" kept.txt` },
      { say: 'Done' },
    ]);
    const session = await world.open('write');
    expect(await session.ask('Go out.')).toMatchObject({ is: 'answered' });
    await session.close();
    expect([outside, path.join(world.env['HOME']!, 'outside')].map((file) => existsSync(file))).toEqual([false, false]);
    expect(await world.read('kept.txt')).toBe('yes\n');
  });

  it('resolves a merge in its checkout', async () => {
    await playing([
      { run: 'echo open and closed > shop.txt && git add shop.txt && git -c core.editor=true merge --continue' },
      { say: 'Resolved.' },
    ]);
    await world.git('checkout', '--quiet', '-b', 'theirs');
    await writeFile(path.join(world.repository, 'shop.txt'), 'theirs\n');
    await world.git('commit', '--quiet', '--all', '--message', 'Theirs');
    await world.git('checkout', '--quiet', 'main');
    await writeFile(path.join(world.repository, 'shop.txt'), 'ours\n');
    await world.git('commit', '--quiet', '--all', '--message', 'Ours');
    await world.git('merge', 'theirs').catch(() => undefined);
    const session = await world.open('resolve');
    expect(await session.ask('Resolve it.')).toMatchObject({ is: 'answered', text: 'Resolved.' });
    await session.close();
    expect(await world.git('status', '--porcelain')).toBe('');
    expect((await world.git('rev-list', '--parents', '-1', 'HEAD')).split(' ')).toHaveLength(3);
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

  const troubles: [Trouble, object][] = [
    ['unauthorized', { is: 'notNow', because: expect.stringMatching(/^It is signed out: /) }],
    ['forbidden', { is: 'notNow', because: expect.stringMatching(/^It is signed out: /) }],
    ['modelNotFound', { is: 'notNow', because: expect.stringMatching(/^It does not know its model: /) }],
    ['rateLimited', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: .*429/) }],
    ['rateLimitedForAnHour', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: .*429/) }],
    ['insufficientQuota', { is: 'notNow', because: expect.stringMatching(/^It has no credit left: /) }],
    [
      'usageLimitReached',
      {
        is: 'notNow',
        because: expect.stringMatching(/^Its usage limit is reached: /),
        until: new Date(RESETS_AT * 1_000).toISOString(),
      },
    ],
    ['unavailable', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: /) }],
    ['overloaded', { is: 'notNow', because: expect.stringMatching(/^Its model is overloaded: .*529/) }],
    ['internalError', { is: 'notNow', because: expect.stringMatching(/^Its provider does not answer: .*high demand/) }],
    ['cut', { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) }],
    [
      'reset',
      { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) },
    ],
    ['html', { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) }],
    [
      'emptyStream',
      { is: 'notNow', because: expect.stringMatching(/^Its provider (?:cannot be reached|does not answer): /) },
    ],
    ['badRequest', { is: 'failed', because: expect.stringContaining('Unknown parameter') }],
    ['contextTooLong', { is: 'failed', because: expect.stringContaining('context window') }],
  ];
  it.each(troubles.filter(([trouble]) => all || !SLOW.has(trouble)))('%s', async (trouble, turn) => {
    await playing([{ trouble }]);
    const session = await world.open('write');
    expect(await session.ask('Close it.')).toMatchObject(turn);
    await session.close();
  });
});
