import type { RunOwner } from '../../../../workflows/contracts/activities.ts';
import type { State } from '../../state/state.ts';
import { changesIn, ownCommitsIn, renameIn, type ChangeKey, type ChangeRecord, type Versioned } from './change-rows.ts';

export type { ChangeKey, ChangeRecord, Hosted } from './change-rows.ts';

/** How often a record may change under an edit before the edit fails for now. */
const TRIES = 20;

type IsLive = (holder: RunOwner) => Promise<boolean>;

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

  /**
   * Gives the branch to one run, unless another one has it that is live. `ahead`: the branch's head, if it is ahead of its
   * base. `number`: the change's open pull request, or `none`, if the forge knows better than our record.
   */
  async claim(
    key: ChangeKey,
    holder: RunOwner,
    {
      isLive,
      ahead,
      number: known,
    }: { isLive: IsLive; ahead?: string | undefined; number?: number | 'none' | undefined },
  ): Promise<{ is: 'ours' } | { is: 'held'; by: RunOwner }> {
    const { holder: holding } = await this.change(key, async (record) => {
      const same = record.holder?.workflowId === holder.workflowId && record.holder.runId === holder.runId;
      if (same) return record;
      if (record.holder && (await isLive(record.holder))) return record;
      // The branch has a new owner, whom the end of the earlier change does not concern.
      const { number: before, mergeCommit, ahead: last, ...rest } = record;
      void [mergeCommit, last];
      const kept = record.state === 'open' ? before : undefined;
      const number = known === 'none' ? undefined : (known ?? kept);
      return {
        ...rest,
        ...(number !== undefined && { number }),
        ...(ahead && { ahead }),
        base: key.base,
        state: 'open',
        holder,
      };
    });
    const ours = holding?.workflowId === holder.workflowId && holding.runId === holder.runId;
    return ours ? { is: 'ours' } : { is: 'held', by: holding! };
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

  /** Moves the records of a repository to its new name. Records that are there already stay as they are. */
  async rename(before: string, now: string): Promise<void> {
    await this.state.transaction((db) => renameIn(db, before, now));
  }

  private versioned(key: ChangeKey): Promise<Versioned> {
    return this.state.query((db) => changesIn(db).read(key));
  }
}
