import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Tables } from '../../state/tables.ts';

/** The most commits that one statement names. SQLite takes 32,766 parameters. */
const AT_ONCE = 5_000;

const State = z.enum(['open', 'merged', 'closed']);

/** What a hosted forge notes of a work branch. */
export const Hosted = z.object({
  /** Whether we made the branch, and so may delete it. */
  made: z.boolean().optional(),
  /** The head that we have put into the forge's merge queue. */
  queued: z.string().optional(),
  /** The checks of a head that we had run again because they were cancelled: when, in milliseconds since 1970. */
  rerun: z
    .object({ head: z.string(), checks: z.array(z.object({ name: z.string(), id: z.number(), at: z.number() })) })
    .optional(),
  /** Names of checks that the forge has named when it refused to merge, because we may not read its rules. */
  demanded: z.array(z.string()).optional(),
});

export type Hosted = z.output<typeof Hosted>;

/** The record of one work branch: its pull request, and the run that owns it. */
export interface ChangeRecord {
  repository: string;
  branch: string;
  base: string;
  number?: number | undefined;
  title?: string | undefined;
  body?: string | undefined;
  state: z.output<typeof State>;
  mergeCommit?: string | undefined;
  holder?: { workflowId: string; runId: string } | undefined;
  /** The last head that was ahead of its base. Without one there was nothing to merge or close. */
  ahead?: string | undefined;
  hosted?: Hosted | undefined;
}

/** The key of a change's record: its repository's canonical name, and its branch. */
export type ChangeKey = Pick<Change, 'repository' | 'branch' | 'base'>;

/** A record as it was read. Version 0: it does not exist yet. */
export interface Versioned {
  record: ChangeRecord;
  version: number;
  epoch: number;
}

/** The rows of changes and of their pull requests. */
export const changesIn = (db: Kysely<Tables>) => ({
  async read({ repository, branch, base }: ChangeKey): Promise<Versioned> {
    const row = await db
      .selectFrom('changes')
      .selectAll()
      .where('repository', '=', repository)
      .where('branch', '=', branch)
      .executeTakeFirst();
    if (!row) return { record: { repository, branch, base, state: 'open' }, version: 0, epoch: 0 };
    return { record: recordOf(row), version: row.version, epoch: row.epoch };
  },

  /** Writes the record if it is still at this version. Returns whether it was. */
  async swap(before: Versioned, record: ChangeRecord): Promise<boolean> {
    const { version, epoch } = before;
    const [was, is] = [before.record.holder, record.holder];
    const owned = is !== undefined && (was?.workflowId !== is.workflowId || was.runId !== is.runId);
    const row = { ...changeRow(record), version: version + 1, epoch: owned ? epoch + 1 : epoch };
    if (version === 0) {
      const inserted = await db
        .insertInto('changes')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return inserted.numInsertedOrUpdatedRows === 1n;
    }
    const { repository, branch, ...values } = row;
    const updated = await db
      .updateTable('changes')
      .set(values)
      .where('repository', '=', repository)
      .where('branch', '=', branch)
      .where('version', '=', version)
      .executeTakeFirst();
    return updated.numUpdatedRows === 1n;
  },

  async all(): Promise<ChangeRecord[]> {
    return (await db.selectFrom('changes').selectAll().execute()).map(recordOf);
  },

  async nextNumber({ repository, branch }: ChangeKey): Promise<number> {
    const { last } = await db
      .selectFrom('pulls')
      .select(({ fn }) => fn.max<number | null>('number').as('last'))
      .where('repository', '=', repository)
      .executeTakeFirstOrThrow();
    const number = (last ?? 0) + 1;
    await db.insertInto('pulls').values({ repository, number, branch }).execute();
    return number;
  },

  async branchOf(repository: string, number: number): Promise<string | undefined> {
    const row = await db
      .selectFrom('pulls')
      .select('branch')
      .where('repository', '=', repository)
      .where('number', '=', number)
      .executeTakeFirst();
    return row?.branch;
  },
});

/** The rows of commits that we have published. */
export const ownCommitsIn = (db: Kysely<Tables>) => ({
  async add({ repository, branch }: ChangeKey, commits: readonly string[]): Promise<void> {
    for (const some of parts(commits)) {
      await db
        .insertInto('own_commits')
        .values(some.map((commit) => ({ repository, branch, commit })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  },

  async among({ repository, branch }: ChangeKey, commits: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const some of parts(commits)) {
      const rows = await db
        .selectFrom('own_commits')
        .select('commit')
        .where('repository', '=', repository)
        .where('branch', '=', branch)
        .where('commit', 'in', some)
        .execute();
      for (const { commit } of rows) found.add(commit);
    }
    return found;
  },
});

/** Gives all rows of a repository its new name, except where the new name has a row of that branch already. */
export async function renameIn(db: Kysely<Tables>, before: string, now: string): Promise<void> {
  const taken = db.selectFrom('changes').select('branch').where('repository', '=', now);
  for (const table of ['own_commits', 'changes'] as const) {
    await db
      .updateTable(table)
      .set({ repository: now })
      .where('repository', '=', before)
      .where('branch', 'not in', taken)
      .execute();
  }
}

const parts = (commits: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(commits.length / AT_ONCE) }, (_, index) =>
    commits.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
  );

const recordOf = (row: Selectable<Tables['changes']>): ChangeRecord => ({
  repository: row.repository,
  branch: row.branch,
  base: row.base,
  number: row.number ?? undefined,
  title: row.title ?? undefined,
  body: row.body ?? undefined,
  state: State.parse(row.state),
  mergeCommit: row.merge_commit ?? undefined,
  holder:
    row.owner_workflow === null || row.owner_run === null
      ? undefined
      : { workflowId: row.owner_workflow, runId: row.owner_run },
  ahead: row.ahead ?? undefined,
  hosted: row.hosted === null ? undefined : Hosted.parse(JSON.parse(row.hosted)),
});

/** A record as the columns of its row. */
export const changeRow = ({ repository, branch, base, state, ...record }: ChangeRecord) => ({
  repository,
  branch,
  base,
  state,
  number: record.number ?? null,
  title: record.title ?? null,
  body: record.body ?? null,
  merge_commit: record.mergeCommit ?? null,
  owner_workflow: record.holder?.workflowId ?? null,
  owner_run: record.holder?.runId ?? null,
  ahead: record.ahead ?? null,
  hosted: record.hosted === undefined ? null : JSON.stringify(record.hosted),
});
