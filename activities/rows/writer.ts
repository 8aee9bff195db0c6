import type { RunNote } from '../../workflows/contracts/run/row.ts';
import type { Rows } from './rows.ts';

/** How soon reports are written again after the database did not answer, in milliseconds, at first and at most. */
const PAUSE_MS = { first: 500, most: 30_000 };
/** How many runs' reports are remembered while the database does not answer. The oldest is dropped, and repaired later. */
const MOST = 5_000;

/**
 * Writes reports in the order in which they come, and remembers those that could not be written. No run fails or waits for
 * long because of its row.
 */
export class RowWriter {
  private readonly waiting = new Map<string, RunNote>();
  private writing: Promise<void> | undefined;
  private pause = PAUSE_MS.first;

  constructor(private readonly rows: Pick<Rows, 'write'>) {}

  /** Remembers a report. Returns once it was written, or could not be written now. Never throws. */
  async write(note: RunNote): Promise<void> {
    const { workflowId } = note.state;
    const before = this.waiting.get(workflowId);
    this.waiting.delete(workflowId);
    this.waiting.set(workflowId, before ? merged(before, note) : note);
    if (this.waiting.size > MOST) this.waiting.delete(this.waiting.keys().next().value!);
    while (this.waiting.has(workflowId) && !(await this.drained())) return;
  }

  /** The number of runs whose reports are not written yet. */
  get left(): number {
    return this.waiting.size;
  }

  /** Writes all that waits. Returns whether the database has answered. */
  private async drained(): Promise<boolean> {
    this.writing ??= this.drain().finally(() => (this.writing = undefined));
    return this.writing.then(
      () => true,
      () => false,
    );
  }

  private async drain(): Promise<void> {
    for (const [workflowId, note] of this.waiting) {
      try {
        await this.rows.write(note);
        this.pause = PAUSE_MS.first;
      } catch (failure) {
        if (isTransient(failure)) {
          this.later();
          throw failure;
        }
      }
      if (this.waiting.get(workflowId) === note) this.waiting.delete(workflowId);
    }
  }

  private later(): void {
    setTimeout(() => void this.drained(), this.pause).unref();
    this.pause = Math.min(this.pause * 2, PAUSE_MS.most);
  }
}

/** Anything else would fail again, and hold up the reports of others. */
const isTransient = (failure: unknown): boolean =>
  ['StateUnavailable', 'NoAnswer'].includes((failure as Error | undefined)?.name ?? '');

/** The newest of each part. A report of another execution has a record of its own. */
function merged(before: RunNote, note: RunNote): RunNote {
  const actions = [...(before.actions ?? []), ...(note.actions ?? [])];
  const record = note.record ?? (before.state.runId === note.state.runId ? before.record : undefined);
  return { state: note.state, ...(record && { record }), ...(actions.length > 0 && { actions }) };
}
