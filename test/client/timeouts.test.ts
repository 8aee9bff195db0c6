import { isTimeout } from '../../client/timeouts.ts';

const grpc = (code: number, details: string) =>
  Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
const UNTAKEN = 'Unable to perform workflow execution update due to unexpected workflow task failure.';
const LOST = 'Unable to perform workflow execution update due to Workflow Task in failed state.';

it.each([
  ['a deadline', 4, 'Deadline exceeded', true],
  ['no server', 14, 'No connection established', true],
  ['no worker', 9, 'no poller seen for task queue recently, worker may be down', true],
  // Workers died three times in a row during the run's workflow task. The run takes no update, only a signal.
  ['a workflow task that was lost repeatedly', 9, LOST, true],
  // The run continued as new on another build just when the update came. The next execution has not received it.
  ['a workflow task that was not accepted', 9, UNTAKEN, true],
  ['another precondition', 9, 'the schedule is paused', false],
  ['a bad argument', 3, 'invalid argument', false],
])('a failure by %s is classified as a timeout, or not', (_, code, details, timedOut) => {
  expect(isTimeout(grpc(code, details))).toBe(timedOut);
  expect(isTimeout(new Error('Workflow Update failed', { cause: grpc(code, details) }))).toBe(timedOut);
});

it('a bug is not a timeout', () => {
  expect(isTimeout(new Error('a bug'))).toBe(false);
});
