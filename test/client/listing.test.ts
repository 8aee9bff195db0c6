import { combined, listQuery, oldestFirst, type Listed } from '../../client/listing.ts';
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
    source: 'row' as const,
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

describe('a row and what visibility shows', () => {
  const time = (hour: number) => `2026-01-01T0${hour}:00:00.000Z`;
  const row: Listed = {
    workflowId: 'run/default/A',
    runId: '2',
    temporalStatus: 'RUNNING',
    status: 'parked',
    waitingSince: time(5),
    startTime: time(2),
    source: 'row',
  };
  const seen: Listed = { ...row, source: 'visibility' };
  const over = { ...row, temporalStatus: 'COMPLETED', status: 'passed' };
  it.each([
    ['nothing is known to visibility any more', row, [], [row]],
    ['both agree', row, [seen], [row]],
    ['visibility lags', row, [{ ...seen, status: 'running', waitingSince: time(4) }], [row]],
    ['the row is behind', row, [{ ...seen, waitingSince: time(6) }], [{ ...seen, waitingSince: time(6) }]],
    [
      'the server has ended the run',
      row,
      [{ ...seen, status: 'stopped', temporalStatus: 'TERMINATED' }],
      [{ ...seen, status: 'stopped', temporalStatus: 'TERMINATED' }],
    ],
    ['an ended run that visibility still shows', over, [seen], [over]],
    [
      'a newer execution',
      over,
      [{ ...seen, runId: '3', startTime: time(6) }, seen],
      [{ ...seen, runId: '3', startTime: time(6) }],
    ],
    ['an older execution', row, [{ ...seen, runId: '1', startTime: time(1), temporalStatus: 'FAILED' }], [row]],
    [
      'a run without a row',
      row,
      [{ ...seen, workflowId: 'run/default/OLD' }],
      [row, { ...seen, workflowId: 'run/default/OLD' }],
    ],
  ])('are one line: %s', (_, kept, shown, lines) => {
    expect(combined([kept], shown)).toEqual(lines);
  });
});
