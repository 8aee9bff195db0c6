import { jest } from '@jest/globals';
import type { Ports } from '../../activities/ports.ts';
import { withTimeout } from '../../activities/waiting/timeouts.ts';

const forgeOf = (look: () => Promise<unknown>) => withTimeout({ forge: { look } } as unknown as Ports, 1_000).forge;
const change = { repository: 'acme/shop', base: 'main', branch: 'work', basis: 'b' };

it('passes on results and errors', async () => {
  expect(await forgeOf(async () => 'an answer').look(change)).toBe('an answer');
  await expect(forgeOf(() => Promise.reject(new Error('503'))).look(change)).rejects.toThrow('503');
});

describe('a call without an answer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('fails as transient when its time is over', async () => {
    const answer = forgeOf(() => new Promise(() => undefined)).look(change);
    const thrown = expect(answer).rejects.toThrow('The forge has not answered "look" within 1 s');
    await jest.advanceTimersByTimeAsync(1_000);
    await thrown;
  });

  it('leaves no timer behind once it is answered', async () => {
    await forgeOf(async () => 'an answer').look(change);
    expect(jest.getTimerCount()).toBe(0);
  });
});
