import { RowState } from '../../../workflows/contracts/run/row.ts';
import type { Notice } from '../../../workflows/contracts/notices.ts';
import type { NoticedRun } from '../../ports.ts';
import type { State } from '../state/state.ts';

type PageOf = ((workflowId: string) => string | undefined) | undefined;

/** What the database has of runs, as notices show it. */
export class NoticedRuns {
  constructor(
    private readonly state: State,
    private readonly pageOf: PageOf,
  ) {}

  /** The run, and whether it has gone on since the notice was made, so that nobody needs it any more. */
  async of(workflowId: string, notice: Notice): Promise<{ run?: NoticedRun; over: boolean }> {
    const row = await this.state.query((db) =>
      db.selectFrom('runs').select('state').where('workflow_id', '=', workflowId).executeTakeFirst(),
    );
    if (!row) return { over: false };
    const run = this.read(row.state);
    return { run: this.noticed(run), over: isOver(run, notice) };
  }

  /** The runs that wait for a person, the longest wait first. */
  async waiting(): Promise<NoticedRun[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select('state')
        .where('waiting_on', '=', 'person')
        .where('ended_at', 'is', null)
        .orderBy('waiting_since')
        .execute(),
    );
    return rows.map(({ state }) => this.noticed(this.read(state)));
  }

  private read = (text: string): RowState => RowState.parse(JSON.parse(this.state.cipher.decrypt(text)));

  private noticed({ workflowId, task, repository, head, current, waitingOn }: RowState): NoticedRun {
    const { detail, since, offers } = waitingOn;
    const page = this.pageOf?.(workflowId);
    const visit = current?.visit;
    return {
      ...{ workflowId, task, repository, detail, since, offers },
      ...(head !== undefined && { head }),
      ...(visit !== undefined && { visit }),
      ...(page !== undefined && { page }),
    };
  }
}

/** A row that is older than the notice says nothing about it. */
function isOver({ current, waitingOn, end }: RowState, { visit, at }: Notice): boolean {
  if (visit === undefined) return false;
  return end !== undefined || (current?.visit !== visit && waitingOn.since > at);
}
