import { closeAll } from '../../../../activities/adapters/dispatching/closing.ts';

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
