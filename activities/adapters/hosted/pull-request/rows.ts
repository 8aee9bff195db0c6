import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { RowState } from '../../../../workflows/contracts/run/row.ts';
import type { State } from '../../state/state.ts';
import type { Tables } from '../../state/tables.ts';

export type Shown = Selectable<Tables['shown']>;
export type Noticed = Selectable<Tables['comments']>;
export type Refused = { by: string; command: string; because: string };

/** How many of each kind one round takes up. */
const MOST = 50;
/** How long after its end a run may still be shown, in milliseconds. */
const ENDED_MS = 7 * 86_400_000;
const HOSTED = 'http%';

/** The database, as pull requests use it. */
export class PullRequestRows {
  constructor(private readonly state: State) {}

  /** The id of this installation, which is made once per database. */
  async installation(): Promise<string> {
    return this.state.query(async (db) => {
      await db
        .insertInto('installation')
        .values({ one: 1, id: randomUUID() })
        .onConflict((conflict) => conflict.column('one').doNothing())
        .execute();
      return (await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()).id;
    });
  }

  /** Takes the id of another database, for a look on behalf of the installation that has it. */
  async actAs(id: string): Promise<void> {
    await this.state.query((db) =>
      db
        .insertInto('installation')
        .values({ one: 1, id })
        .onConflict((conflict) => conflict.column('one').doUpdateSet({ id }))
        .execute(),
    );
  }

  /** The runs whose newest report is not shown yet, or whose marker must be renewed, with what is shown. */
  async unshown(now: number, renewedBefore: number): Promise<{ run: RowState; shown: Shown | undefined }[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .leftJoin('shown', 'shown.workflow_id', 'runs.workflow_id')
        .select(['runs.workflow_id', 'runs.state'])
        .where('runs.type', '=', 'pipelineRun')
        .where('runs.repository', 'like', HOSTED)
        .where((each) => each.or([each('shown.due_at', 'is', null), each('shown.due_at', '<=', now)]))
        .where((each) =>
          each.or([
            each('shown.workflow_id', 'is', null),
            each('shown.seq', '!=', each.ref('runs.seq')),
            each('shown.run_id', '!=', each.ref('runs.run_id')),
            each.and([each('runs.ended_at', 'is', null), each('shown.renewed_at', '<', renewedBefore)]),
          ]),
        )
        .where((each) => each.or([each('runs.ended_at', 'is', null), each('runs.ended_at', '>', now - ENDED_MS)]))
        .limit(MOST)
        .execute(),
    );
    return Promise.all(
      rows.map(async (row) => ({ run: this.runIn(row.state), shown: await this.shown(row.workflow_id) })),
    );
  }

  shown(workflowId: string): Promise<Shown | undefined> {
    return this.state.query((db) =>
      db.selectFrom('shown').selectAll().where('workflow_id', '=', workflowId).executeTakeFirst(),
    );
  }

  async keepShown({ workflow_id, ...values }: Shown): Promise<void> {
    await this.state.query((db) =>
      db
        .insertInto('shown')
        .values({ workflow_id, ...values })
        .onConflict((conflict) => conflict.column('workflow_id').doUpdateSet(values))
        .execute(),
    );
  }

  /** The last refused command of a run. It is shown with the run's next report, which this asks for. */
  async refuse(workflowId: string, refused: Refused): Promise<void> {
    const text = this.state.cipher.encrypt(JSON.stringify(refused));
    await this.state.query((db) =>
      db
        .updateTable('shown')
        .set({ refused: text, seq: -1, due_at: 0 })
        .where('workflow_id', '=', workflowId)
        .execute(),
    );
  }

  refusedOf({ refused }: Pick<Shown, 'refused'>): Refused | undefined {
    return refused === null ? undefined : (JSON.parse(this.state.cipher.decrypt(refused)) as Refused);
  }

  /** The live runs on hosted repositories. */
  async live(): Promise<RowState[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select('state')
        .where('type', '=', 'pipelineRun')
        .where('repository', 'like', HOSTED)
        .where('ended_at', 'is', null)
        .execute(),
    );
    return rows.map(({ state }) => this.runIn(state));
  }

  /** When new comments of these repositories are read next, and since when. */
  async polls(repositories: readonly string[]): Promise<Map<string, { since: string; due: number }>> {
    if (repositories.length === 0) return new Map();
    const rows = await this.state.query((db) =>
      db.selectFrom('comment_polls').selectAll().where('repository', 'in', repositories).execute(),
    );
    return new Map(rows.map(({ repository, since, due_at }) => [repository, { since, due: due_at }]));
  }

  async polled(repository: string, since: string, due_at: number): Promise<void> {
    await this.state.query((db) =>
      db
        .insertInto('comment_polls')
        .values({ repository, since, due_at })
        .onConflict((conflict) => conflict.column('repository').doUpdateSet({ since, due_at }))
        .execute(),
    );
  }

  /** Notes comments that were found at the forge. Those that a webhook has brought are known already. */
  async notice(repository: string, comments: readonly { id: number; number: number }[], now: number): Promise<void> {
    if (comments.length === 0) return;
    const rows = comments.map(({ id, number }) => ({ repository, id, number, noticed_at: now, due_at: now }));
    await this.state.query((db) =>
      db
        .insertInto('comments')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['repository', 'id']).doNothing())
        .execute(),
    );
  }

  /** The comments that are to be handled now, oldest first, with the text that a webhook brought. */
  async noticed(now: number): Promise<(Noticed & { said: string | undefined })[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('comments')
        .selectAll()
        .where('answer', 'is', null)
        .where('due_at', '<=', now)
        .orderBy('id')
        .limit(MOST)
        .execute(),
    );
    const { cipher } = this.state;
    return rows.map((row) => ({ ...row, said: row.body === null ? undefined : cipher.decrypt(row.body) }));
  }

  async update({ repository, id }: Pick<Noticed, 'repository' | 'id'>, set: Partial<Noticed>): Promise<void> {
    await this.state.query((db) =>
      db.updateTable('comments').set(set).where('repository', '=', repository).where('id', '=', id).execute(),
    );
  }

  /** The newest run of a comment's pull request. */
  async runOf({ repository, number, workflow_id }: Noticed): Promise<string | undefined> {
    if (workflow_id !== null) return workflow_id;
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runs')
        .select('state')
        .where('type', '=', 'pipelineRun')
        .where('repository', '=', repository)
        .orderBy('started_at', 'desc')
        .execute(),
    );
    return rows.map(({ state }) => this.runIn(state)).find((run) => run.pullRequest === number)?.workflowId;
  }

  /** What a run's log says of an action. */
  async verdictOf(workflowId: string, actionId: string) {
    const row = await this.state.query((db) =>
      db
        .selectFrom('audit')
        .select(['verdict', 'because'])
        .where('workflow_id', '=', workflowId)
        .where('action_id', '=', actionId)
        .orderBy('at')
        .limit(1)
        .executeTakeFirst(),
    );
    const { cipher } = this.state;
    return row && { ...row, because: row.because === null ? '' : String(JSON.parse(cipher.decrypt(row.because))) };
  }

  /** Encrypts a text as the database keeps it. */
  encrypted = (text: string): string => this.state.cipher.encrypt(text);

  private runIn = (text: string): RowState => RowState.parse(JSON.parse(this.state.cipher.decrypt(text)));
}
