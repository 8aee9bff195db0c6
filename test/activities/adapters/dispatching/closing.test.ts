import { closeAll, closeEach } from '../../../../activities/adapters/dispatching/closing.ts';

it('an orderly stop closes all adapters, and reports what could not be ended and what did not stop in time', async () => {
  const closed: string[] = [];
  const left = await closeAll(
    {
      forge: { close: async () => void closed.push('forge') },
      executor: {
        close: () => Promise.reject(new Error('The processes of /a do not end: 7\nThe processes of /b do not end: 8')),
      },
      environments: { close: () => new Promise(() => undefined) },
      notifier: {},
      releases: { close: async () => void closed.push('releases') },
    },
    10,
  );
  expect(closed).toEqual(['forge', 'releases']);
  expect(left).toEqual([
    'The processes of /a do not end: 7',
    'The processes of /b do not end: 8',
    'The environments did not stop within 0.01 s',
  ]);
});

it('the adapters of one port are all closed, and each one that could not be ended is reported', async () => {
  const closed: string[] = [];
  const failing = (message: string) => ({ close: () => Promise.reject(new Error(message)) });
  const slow = { close: () => new Promise<void>((resolve) => setImmediate(() => resolve(void closed.push('slow')))) };
  const closing = closeEach([failing('7 is left'), slow, {}, failing('8 is left')]);
  await expect(closing).rejects.toThrow('7 is left\n8 is left');
  expect(closed).toEqual(['slow']);
});
