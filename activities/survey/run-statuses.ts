import type { RunOwner } from '../../workflows/contracts/activities.ts';
import { queryText } from '../../workflows/contracts/text/quoting.ts';
import type { RunStatus } from '../../workflows/contracts/survey.ts';
import type { Rows } from '../rows/rows.ts';
import type { Seen, Server } from './server.ts';

/** The length of the part of a run id that a key has: its end, because its beginning is a timestamp. */
const TAIL = 12;

export const tailOf = ({ runId }: Pick<RunOwner, 'runId'>): string => runId.slice(-TAIL);

/**
 * The statuses of runs that own resources. A run that visibility shows as running counts as live, and its resources are left
 * alone. The server itself is asked about all others, once each. A run counts as gone only if the server says so.
 */
export class RunStatuses {
  private readonly asked = new Map<string, Promise<RunStatus>>();

  constructor(
    private readonly server: Server,
    /** The running executions, by workflow id. */
    private readonly live: ReadonlyMap<string, Seen> = new Map(),
    /** The records of runs, also of those that the server does not know any more. */
    private readonly rows?: Pick<Rows, 'hasEnded'>,
  ) {}

  of(holder: RunOwner): Promise<RunStatus> {
    const name = `${holder.workflowId} ${tailOf(holder)}`;
    const status = this.asked.get(name) ?? this.ask(holder);
    this.asked.set(name, status);
    return status;
  }

  private async ask(holder: RunOwner): Promise<RunStatus> {
    const { workflowId } = holder;
    const isOurs = ({ runId }: { runId: string }) => tailOf({ runId }) === tailOf(holder);
    const seen = this.live.get(workflowId);
    if (seen && isOurs(seen)) return { is: 'live' };

    const newest = await this.server.describe(workflowId);
    if (!newest) return this.onRecord(holder);
    if (isOurs({ runId: newest.firstRunId })) {
      return newest.status === 'RUNNING' ? { is: 'live' } : { is: 'gone', how: newest.status, at: newest.closedAt };
    }
    // Another chain has the workflow id now. At most that one can be running, so the recorded run has ended.
    for await (const before of this.server.list(`WorkflowId = ${queryText(workflowId)}`)) {
      if (isOurs(before) && before.status !== 'RUNNING') return { is: 'gone', how: before.status, at: before.closedAt };
    }
    return this.onRecord(holder);
  }

  /** The status of a run that the server does not know: its history was deleted, or the server was lost. */
  private async onRecord(holder: RunOwner): Promise<RunStatus> {
    const hasEnded = await this.rows?.hasEnded(holder.workflowId, tailOf(holder));
    return hasEnded ? { is: 'gone', how: 'GONE' } : { is: 'unknown' };
  }
}
