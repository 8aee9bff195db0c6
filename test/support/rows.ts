import type { Order, RowRecord, RowState, RunNote } from '../../workflows/contracts/run/row.ts';
import type { ActionEntry } from '../../workflows/contracts/reading.ts';
import type { Cluster } from './sandbox.ts';

/** What a worker of this cluster would have written to rows: reports of local activities and those that others carry. */
export class NotedRows {
  readonly rows = new Map<string, RowState>();
  readonly records = new Map<string, RowRecord>();
  readonly actions = new Map<string, ActionEntry>();
  /** The names of the activities that have carried something, in order. */
  readonly carriers: string[] = [];

  constructor(cluster: Cluster) {
    const { calls } = cluster;
    const add = calls.add.bind(calls);
    calls.add = (call) => {
      const note = call.name === 'noteRun' ? call.args[0] : call.args[1]?.note;
      if (note) {
        this.carriers.push(call.name);
        this.write(note as RunNote);
      }
      return add(call);
    };
  }

  private write({ state, record, actions = [] }: RunNote): void {
    const { workflowId } = state;
    const before = this.rows.get(workflowId);
    if (!before || isLater(state, before)) this.rows.set(workflowId, state);
    if (record) this.records.set(workflowId, record);
    for (const action of actions) this.actions.set(`${workflowId} ${action.actionId} ${action.at}`, action);
  }
}

const isLater = (one: RowState, other: RowState) => keyOf(one.order, one.runId) > keyOf(other.order, other.runId);
const keyOf = ({ at, seq }: Order, runId: string) => `${at} ${runId} ${String(seq).padStart(9, '0')}`;
