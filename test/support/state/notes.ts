import type { ActionEntry } from '../../../workflows/contracts/reading.ts';
import type { RowRecord, RowState, RunNote } from '../../../workflows/contracts/run/row.ts';

const AT = Date.parse('2026-11-26T12:00:00.000Z');

/** The state of a run that works, as it reports it. */
export const stateOf = (task: string, seq: number, over: Partial<RowState> = {}): RowState => ({
  order: { at: AT, seq },
  workflowId: `run/default/${task}`,
  firstRunId: `${task}-1`,
  runId: `${task}-1`,
  type: 'pipelineRun',
  startedAt: new Date(AT).toISOString(),
  workspace: 'default',
  task: { id: task, title: 'Show totals with tax', type: 'feature' },
  repository: '/srv/shop.git',
  branch: `gatehouse/${task}`,
  pipeline: 'simple',
  status: 'running',
  current: { step: 1, id: '1-coder', kind: 'coder', phase: 'working' },
  waitingOn: { what: 'agent', detail: 'coder is at work', since: new Date(AT + seq).toISOString(), offers: ['stop'] },
  environment: null,
  usage: { inputTokens: 1, outputTokens: 2, costCents: 1.5, unknown: 0 },
  ...over,
});

export const parked = (task: string, seq: number): RowState =>
  stateOf(task, seq, {
    status: 'parked',
    current: { step: 2, id: '2-human-test', kind: 'human-test', phase: 'parked', visit: '2-human-test#1' },
    waitingOn: { what: 'person', detail: 'Try it', since: new Date(AT + seq).toISOString(), offers: ['confirm'] },
  });

export const ended = (task: string, seq: number, outcome = 'merged'): RowState =>
  stateOf(task, seq, {
    status: outcome === 'merged' ? 'passed' : 'failed',
    current: null,
    waitingOn: { what: 'nothing', detail: 'It has ended.', since: new Date(AT + seq).toISOString(), offers: [] },
    end: { at: new Date(AT + seq).toISOString(), outcome },
  });

export const recordOf = (over: Partial<RowRecord> = {}): RowRecord => ({
  input: { task: { id: 'A', title: 'Show totals with tax' }, change: { repository: '/srv/shop.git' } },
  answer: { workflowId: 'run/default/A', notices: [] } as never,
  closed: { settled: [], visits: {}, foreign: [], actions: [], outputs: {}, reviews: {}, base: 'main', version: 4 },
  ...over,
});

export const actionOf = (actionId: string, over: Partial<ActionEntry> = {}): ActionEntry => ({
  actionId,
  action: 'requestFix',
  by: 'ana',
  at: '2026-11-26T12:00:00.000Z',
  verdict: 'taken',
  repeats: 0,
  input: '{"findings":"The total is wrong."}',
  ...over,
});

export const noteOf = (state: RowState, over: Partial<RunNote> = {}): RunNote => ({ state, ...over });
