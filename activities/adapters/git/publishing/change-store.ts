import type { RunOwner } from '../../../../workflows/contracts/activities.ts';
import type { State } from '../../state/state.ts';
import { changesIn, ownCommitsIn, type ChangeKey, type ChangeRecord, type Versioned } from './change-rows.ts';

export type { ChangeRecord } from './change-rows.ts';

/** How often a record may change under an edit before the edit fails for now. */
const TRIES = 20;

/** The records of all work branches. Repositories have their canonical names. */
export class ChangeStore {
  constructor(private readonly state: State) {}

  async read(key: ChangeKey): Promise<ChangeRecord> {
    return (await this.versioned(key)).record;
  }

  /**
   * Changes a record by compare and swap, so the edit is called again with what another one has written meanwhile. A new
   * owner has a higher epoch than any before.
   */
  async change(
    key: ChangeKey,
    edit: (record: ChangeRecord) => ChangeRecord | Promise<ChangeRecord>,
  ): Promise<ChangeRecord> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await this.versioned(key);
      const after = await edit(before.record);
      if (after === before.record) return after;
      if (await this.state.query((db) => changesIn(db).swap(before, after))) return after;
    }
    throw new Error(`The record of ${key.branch} changed ${TRIES} times while we edited it.`);
  }

  /** All records. */
  all(): Promise<ChangeRecord[]> {
    return this.state.query((db) => changesIn(db).all());
  }

  /** Releases the branch if this owner has it. */
  async release({ repository, branch }: Omit<ChangeKey, 'base'>, { workflowId, runId }: RunOwner): Promise<void> {
    await this.change({ repository, branch, base: '' }, (record) => {
      const { holder, ...rest } = record;
      return holder?.workflowId === workflowId && holder.runId === runId ? rest : record;
    });
  }

  /** Returns the number of the branch's pull request. If it has none, it gets the next one of its repository, from 1. */
  pullRequest(key: ChangeKey, { title, body }: { title: string; body: string }): Promise<number> {
    return this.state.transaction(async (db) => {
      const changes = changesIn(db);
      const before = await changes.read(key);
      if (before.record.number !== undefined) return before.record.number;
      const number = await changes.nextNumber(key);
      await changes.swap(before, { ...before.record, number, title, body });
      return number;
    });
  }

  /** The branch of a pull request, also of one that is closed. */
  branchOf(repository: string, number: number): Promise<string | undefined> {
    return this.state.query((db) => changesIn(db).branchOf(repository, number));
  }

  /** Records commits that we are about to publish. They count as ours even if the answer to the push is lost. */
  async own(key: ChangeKey, commits: readonly string[]): Promise<void> {
    await this.state.query((db) => ownCommitsIn(db).add(key, commits));
  }

  /** Those of the commits that we have published, or were about to. */
  ownAmong(key: ChangeKey, commits: readonly string[]): Promise<Set<string>> {
    return this.state.query((db) => ownCommitsIn(db).among(key, commits));
  }

  private versioned(key: ChangeKey): Promise<Versioned> {
    return this.state.query((db) => changesIn(db).read(key));
  }
}
