import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { RunOwner } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { foldersOf, safeName } from '../../files/folders.ts';
import { readJson, writeJson } from '../../files/records.ts';
import { withLock } from '../../processes/locks.ts';

/** The record of one work branch: its pull request, its owner, and which of its commits are ours. */
const ChangeRecord = z.object({
  repository: z.string(),
  branch: z.string(),
  base: z.string(),
  number: z.number().optional(),
  title: z.string().optional(),
  body: z.string().optional(),
  state: z.enum(['open', 'merged', 'closed']),
  mergeCommit: z.string().optional(),
  holder: z.object({ workflowId: z.string(), runId: z.string() }).optional(),
  /**
   * Commits that we published, recorded before they are pushed: they count as ours even if the answer to the push is lost.
   */
  ours: z.array(z.string()),
  /** The last head that was ahead of its base. Without one there was nothing to merge or close. */
  ahead: z.string().optional(),
});
export type ChangeRecord = z.output<typeof ChangeRecord>;

/** The key of a change's record: its repository's canonical name, and its branch. */
type ChangeKey = Pick<Change, 'repository' | 'branch' | 'base'>;

/** The records of one data folder. Repositories have their canonical names. */
export class ChangeStore {
  private readonly folders;

  constructor(root: string) {
    this.folders = foldersOf(root);
  }

  async read({ repository, branch, base }: ChangeKey): Promise<ChangeRecord> {
    const found = await readJson(this.fileOf(repository, branch), ChangeRecord);
    return found ?? { repository, branch, base, state: 'open', ours: [] };
  }

  /** Changes a record. Changes are serialised, also across processes. */
  change(key: ChangeKey, edit: (record: ChangeRecord) => ChangeRecord | Promise<ChangeRecord>): Promise<ChangeRecord> {
    const file = this.fileOf(key.repository, key.branch);
    return withLock(`${file}.lock`, async () => {
      const edited = await edit(await this.read(key));
      await writeJson(file, edited);
      return edited;
    });
  }

  /** All records. */
  async all(): Promise<ChangeRecord[]> {
    const { changes } = this.folders;
    const names = await readdir(changes, { recursive: true }).catch((): string[] => []);
    const files = names.filter((name) => /[\\/](?!pull-\d+\.|last-number\.)[^\\/]+\.json$/.test(name));
    const records = await Promise.all(files.map((name) => readJson(path.join(changes, name), ChangeRecord)));
    return records.filter((record) => record !== undefined);
  }

  /** Releases the branch if this owner has it. */
  async release({ repository, branch }: Omit<ChangeKey, 'base'>, { workflowId, runId }: RunOwner): Promise<void> {
    const key = { repository, branch, base: '' };
    const isOwners = ({ holder }: ChangeRecord) => holder?.workflowId === workflowId && holder.runId === runId;
    if (!isOwners(await this.read(key))) return;
    await this.change(key, (record) => {
      const { holder, ...rest } = record;
      void holder;
      return isOwners(record) ? rest : record;
    });
  }

  /** The next pull request's number, counted from 1 per repository. */
  number(repository: string): Promise<number> {
    const file = path.join(this.folders.changes, safeName(repository), 'last-number.json');
    return withLock(`${file}.lock`, async () => {
      const next = ((await readJson(file, z.number())) ?? 0) + 1;
      await writeJson(file, next);
      return next;
    });
  }

  /** Records the branch of a pull request, so that it is found by its number. */
  async point(repository: string, number: number, branch: string): Promise<void> {
    await writeJson(this.pointerOf(repository, number), { branch });
  }

  async branchOf(repository: string, number: number): Promise<string | undefined> {
    return (await readJson(this.pointerOf(repository, number), z.object({ branch: z.string() })))?.branch;
  }

  private pointerOf = (repository: string, number: number) =>
    path.join(this.folders.changes, safeName(repository), `pull-${number}.json`);
  private fileOf = (repository: string, branch: string) =>
    path.join(this.folders.changes, safeName(repository), `${safeName(branch)}.json`);
}
