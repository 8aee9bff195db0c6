import { CancellationScope, patched, workflowInfo } from '@temporalio/workflow';
import type { ActionEntry } from '../contracts/reading.ts';
import type { Along, RowRecord, RowState, RunNote } from '../contracts/run/row.ts';
import type { RunState } from '../contracts/run/state.ts';
import { atTheEndOfTurns } from '../temporal/concluding.ts';
import { noteLocally } from '../temporal/proxies.ts';
import { rowRecordOf, rowStateOf } from '../words/views/row.ts';

/**
 * Reports the run's state to its row in the database, with the activities that run anyway. If a turn ends and none has carried
 * the newest state, a local activity does, which costs one event. What is reported is newer than all before, so a report that
 * is lost or late does no harm.
 */
export class RunRow {
  private seq = 0;
  /** The state that was last reported, as JSON. */
  private reported = '';
  /** The actions that were reported, by their ids, as JSON. */
  private readonly known = new Map<string, string>();
  private newest: string | undefined;
  private pending = 0;
  private noting: boolean | undefined;
  /** Whether each settled step is kept at once, and those that the record has. Undefined: there is no record yet. */
  private keeping: boolean | undefined;
  private kept: string | undefined;
  private end: RowState['end'];

  constructor(
    private readonly state: RunState,
    private readonly given: Pick<RowRecord, 'input' | 'of'>,
  ) {
    const { continuedFromExecutionRunId, workflowType } = workflowInfo();
    if (continuedFromExecutionRunId !== undefined) this.kept = this.settled();
    else if (workflowType === 'pipelineRun') this.noting = false;
    atTheEndOfTurns(() => {
      if (!this.end && (this.isBehind() || this.lacksSteps()) && this.mayNote()) void this.note();
    });
  }

  /**
   * Allows reports by local activities, which are events. The answer of the run's first activity is in its history, so it
   * distinguishes the runs of earlier builds without a marker of its own. Executions without that activity have a marker.
   * `steps`: that activity has begun the record, and each settled step is to be in it at once.
   */
  allow(rows: boolean | undefined, steps = false): void {
    this.noting = rows === true;
    this.keeping = steps;
    this.kept = this.settled();
  }

  /** Whether no report is under way. */
  areNoted = (): boolean => this.pending === 0;

  /** What an activity carries: the state, if it has changed since it was last reported. */
  along = (): Along | undefined => {
    const state = this.stateNow();
    const said = JSON.stringify({ ...state, order: 0 });
    if (said === this.reported) return undefined;
    this.reported = said;
    return { note: { state } };
  };

  /** What a local activity carries: everything. */
  whole = (): Along => {
    const state = this.stateNow();
    this.reported = JSON.stringify({ ...state, order: 0 });
    const actions = this.unreported();
    this.newest = this.state.actions.at(-1)?.actionId;
    this.kept = this.settled();
    return { note: { state, record: rowRecordOf(this.state, this.given), ...(actions.length > 0 && { actions }) } };
  };

  /** Reports how the run ends. Its row is written before the run is closed. */
  async ended(outcome: string, reason: string | undefined): Promise<void> {
    this.end = { at: new Date().toISOString(), outcome, ...(reason !== undefined && { reason }) };
    if (!this.mayNote()) return;
    do await this.note();
    while (this.hasNewActions()); // somebody has acted meanwhile
  }

  private async note(): Promise<void> {
    const { note } = this.whole();
    this.pending += 1;
    try {
      await CancellationScope.nonCancellable(() => noteLocally(note));
    } catch {
      this.known.clear(); // the next report, or the repair of rows, makes up for it
    } finally {
      this.pending -= 1;
    }
  }

  private mayNote = (): boolean => (this.noting ??= patched('rows-are-noted'));

  private hasNewActions = (): boolean => this.newest !== this.state.actions.at(-1)?.actionId;

  /** Whether the record, from which a lost run is started anew, lacks a settled step, or does not exist. */
  private lacksSteps(): boolean {
    if (this.noting === false || this.kept === this.settled()) return false;
    return (this.keeping ??= patched('settled-steps-are-kept'));
  }

  private settled = (): string =>
    this.state.steps.flatMap(({ id, endedAt }) => (endedAt === undefined ? [] : `${id} ${endedAt}`)).join();

  private isBehind = (): boolean =>
    this.hasNewActions() || JSON.stringify({ ...this.stateNow(false), order: 0 }) !== this.reported;

  private stateNow(counted = true): RowState {
    const { startTime, workflowType } = workflowInfo();
    if (counted) this.seq += 1;
    const order = { at: startTime.getTime(), seq: this.seq };
    return rowStateOf(this.state, order, workflowType, this.end);
  }

  private unreported(): ActionEntry[] {
    return this.state.actions.filter((entry) => {
      const said = JSON.stringify(entry);
      const isNew = this.known.get(entry.actionId) !== said;
      this.known.set(entry.actionId, said);
      return isNew;
    });
  }
}

export type { RunNote };
