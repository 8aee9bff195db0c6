import type { Client } from '@temporalio/client';
import { NotSetUp, Unreachable } from './errors.ts';
import {
  combined,
  listedOf,
  listedOfRow,
  listQuery,
  newestFirst,
  oldestFirst,
  type Listed,
  type Wanted,
} from './listing.ts';
import type { ClientRows } from './rows.ts';
import { codeOf, INVALID_ARGUMENT, isGone, isTimeout } from './timeouts.ts';

/** The deadline of a list, in milliseconds. */
const LIST_MS = 30_000;
/** How many runs are asked about at once, where visibility and rows differ. */
const AT_ONCE = 16;

/** Lists of runs: from their rows in the database, and from Temporal's visibility for what has none. */
export class Lists {
  constructor(
    private readonly temporal: Client,
    private readonly rows: ClientRows | undefined,
  ) {}

  async list(wanted: Wanted): Promise<Listed[]> {
    const rows = await this.inRows(wanted);
    if (!rows) return this.visible(wanted);
    const seen = await this.visible(wanted).catch((failure: unknown) => {
      if (rows.length === 0) throw failure;
      this.rows?.tell(`${(failure as Error).message} This is what the database has.`);
      return undefined;
    });
    if (!seen) return rows;
    const isLive = wanted.waiting || ['running', 'parked', 'paused'].includes(wanted.status ?? '');
    const kept = isLive ? await this.still(rows, seen, wanted) : rows;
    return newestFirst(combined(kept, seen));
  }

  inbox = async (): Promise<Listed[]> => oldestFirst(await this.list({ waiting: true }));

  private async inRows(wanted: Wanted): Promise<Listed[] | undefined> {
    const found = await this.rows?.ask((rows) => rows.list(wanted));
    return found?.map(listedOfRow);
  }

  /** Drops rows of live runs that visibility does not list and that the server itself describes otherwise. */
  private async still(rows: Listed[], seen: Listed[], wanted: Wanted): Promise<Listed[]> {
    const listed = new Set(seen.map(({ workflowId }) => workflowId));
    const kept = new Set(rows.filter(({ workflowId }) => listed.has(workflowId)));
    const left = rows.filter((row) => !kept.has(row)).values();
    const work = async () => {
      for (const row of left) if (await this.isStill(row, wanted)) kept.add(row);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return rows.filter((row) => kept.has(row));
  }

  private async isStill({ workflowId }: Listed, { waiting, status }: Wanted): Promise<boolean> {
    try {
      const now = listedOf(await this.temporal.workflow.getHandle(workflowId).describe());
      if (now.temporalStatus !== 'RUNNING') return false;
      return (!waiting || now.waitingOn === 'person') && (status === undefined || now.status === status);
    } catch (failure) {
      if (isGone(failure)) return true; // the server has lost it, so the row is all there is
      throw failure;
    }
  }

  private async visible(wanted: Wanted): Promise<Listed[]> {
    const found: Listed[] = [];
    try {
      await this.temporal.withDeadline(Date.now() + LIST_MS, async () => {
        for await (const each of this.temporal.workflow.list({ query: listQuery(wanted) })) found.push(listedOf(each));
      });
    } catch (failure) {
      if (isTimeout(failure)) throw new Unreachable('The Temporal server does not answer.');
      if (codeOf(failure) === INVALID_ARGUMENT) throw new NotSetUp();
      throw failure;
    }
    return found;
  }
}
