import { listQuery, oldestFirst } from '../../client/listing.ts';
import { cutBytes } from '../../workflows/contracts/text/titles.ts';

it.each([
  ['all runs', {}, 'WorkflowType = "pipelineRun"'],
  [
    'everything that waits for a person',
    { waiting: true },
    'ExecutionStatus = "Running" AND GatehouseWaitingOn = "person"',
  ],
  [
    'an ended status',
    { status: 'failed' as const },
    'WorkflowType = "pipelineRun" AND (GatehouseStatus = "failed" OR ExecutionStatus = "TimedOut")',
  ],
  [
    'a live status, which a terminated run may still have',
    { status: 'parked' as const },
    'WorkflowType = "pipelineRun" AND ExecutionStatus = "Running" AND GatehouseStatus = "parked"',
  ],
])('queries visibility for %s', (_, wanted, query) => {
  expect(listQuery(wanted)).toBe(query);
});

it('sorts the oldest wait first', () => {
  const at = (workflowId: string, waitingSince: string) => ({
    workflowId,
    runId: 'r',
    temporalStatus: 'RUNNING',
    startTime: '2026-01-01T00:00:00.000Z',
    waitingSince,
  });
  const found = [at('b', '2026-01-03T00:00:00.000Z'), at('a', '2026-01-02T00:00:00.000Z')];
  expect(oldestFirst(found).map(({ workflowId }) => workflowId)).toEqual(['a', 'b']);
  expect(found[0]!.workflowId).toBe('b');
});

it.each([
  ['short', 10, 'short'],
  ['äöü', 4, 'äö'],
  ['äöü', 5, 'äö'],
  ['a👍b', 4, 'a'],
  ['a👍b', 5, 'a👍'],
])('cuts %s to at most %i bytes, without splitting a character', (text, most, cut) => {
  expect(cutBytes(text, most)).toBe(cut);
});
