import { isTimeout } from '../../client/timeouts.ts';

const grpc = (code: number, details: string) =>
  Object.assign(new Error(`${code}: ${details}`), { code, details, metadata: {} });
const UNTAKEN = 'Unable to perform workflow execution update due to unexpected workflow task failure.';
const LOST = 'Unable to perform workflow execution update due to Workflow Task in failed state.';

it.each([
  ['a deadline', 4, 'Deadline exceeded', true],
  ['no server', 14, 'No connection established', true],
  ['no worker', 9, 'no poller seen for task queue recently, worker may be down', true],
  // Workers died three times in a row with the run's task: it takes no update, and a signal is what is left.
  ['a task that was lost again and again', 9, LOST, true],
  // The run went on as new, on another build, in the moment in which the update came: it is still to be told.
  ['a task that was not taken', 9, UNTAKEN, true],
  ['another precondition', 9, 'the schedule is paused', false],
  ['a bad argument', 3, 'invalid argument', false],
])('%s counts as nobody answering, or not', (_, code, details, silent) => {
  expect(isTimeout(grpc(code, details))).toBe(silent);
  expect(isTimeout(new Error('Workflow Update failed', { cause: grpc(code, details) }))).toBe(silent);
});

it('a bug is no silence', () => {
  expect(isTimeout(new Error('a bug'))).toBe(false);
});
