import { jest } from '@jest/globals';
import { Hints } from '../../../../client/http/webhooks/hints.ts';

let sent: string[];
let down: boolean;
let failures: string[];
let hints: Hints;

beforeEach(() => {
  jest.useFakeTimers();
  [sent, failures, down] = [[], [], false];
  hints = new Hints(
    async (workflowId, about) => {
      if (down) throw new Error('away');
      sent.push(`${workflowId} ${about}`);
    },
    (workflowId, { message }) => void failures.push(`${workflowId}: ${message}`),
  );
});
afterEach(async () => {
  await hints.close();
  jest.useRealTimers();
});

it('sends the first at once, and joins those of the next two seconds', async () => {
  for (let n = 0; n < 50; n += 1) await hints.give('A', 'checks');
  expect(sent).toEqual(['A checks']);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(sent).toEqual(['A checks', 'A checks']);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(2);
});

it('joins only hints of one kind to one run', async () => {
  await hints.give('A', 'checks');
  await hints.give('A', 'change');
  await hints.give('B', 'checks');
  expect(sent).toEqual(['A checks', 'A change', 'B checks']);
});

it('does not join with a hint that was not sent', async () => {
  down = true;
  await expect(hints.give('A', 'checks')).rejects.toThrow('away');
  down = false;
  await hints.give('A', 'checks');
  expect(sent).toEqual(['A checks']);
});

it('sends what is joined before it closes, and reports what it could not send', async () => {
  await hints.give('A', 'checks');
  await hints.give('A', 'checks');
  await hints.close();
  expect(sent).toEqual(['A checks', 'A checks']);
  await hints.give('B', 'checks');
  await hints.give('B', 'checks');
  down = true;
  await hints.close();
  expect(failures).toEqual(['B: away']);
});
