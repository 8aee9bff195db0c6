import { InvalidInput } from '../../client/errors.ts';
import { Runs } from '../../client/runs.ts';
import { wish } from '../support/builders.ts';

/** A client that fails the test if it is used. */
const untouched = new Proxy({}, { get: (_, name) => expect(name).toBe('nothing') }) as never;

const coder = wish({ kind: 'coder' });
const dependents = Array.from({ length: 20 }, (_, n) => ({
  ...coder,
  task: { id: `PAY-${n}`, title: 'next', description: 'x'.repeat(50_000) },
}));

it.each([
  [
    'if it is too large',
    { dependents },
    /^task\.dependents: expected a start input of at most 500000 bytes in all, found /,
  ],
  [
    'if a dependent task is invalid',
    { dependents: [{ ...coder, task: { id: '..' } }] },
    /^task\.dependents\[0\]\.task\.id: /,
  ],
])('refuses a start input before anything has started: %s', async (_, over, message) => {
  const refused = new Runs(untouched, 'gatehouse').start({ ...coder, task: { ...coder.task, ...over } });
  await expect(refused).rejects.toThrow(InvalidInput);
  await expect(refused).rejects.toThrow(message);
});
