import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Pruned, Sizes, Storage } from '../../../ports.ts';
import { isFolder } from '../../files/clearing.ts';
import { foldersOf } from '../../files/folders.ts';
import { Trash } from '../../files/trash.ts';
import { collect } from '../../git/collecting.ts';
import { copyLease } from '../../git/workspace.ts';
import { exclusivelyIn, idOf } from '../../processes/exclusive.ts';
import type { Local } from '../opening.ts';
import { copiesIn } from './copies.ts';
import { oldestLive, pruneBundles, pruneDeliveries, pruneLogEnds, pruneTexts } from './rows.ts';
import { bytesIn } from './sizes.ts';
import { settledFolders } from './settled.ts';

const DAY_MS = 86_400_000;
/** How many of each kind one pass removes, and how many copies of repositories it packs. The next pass goes on. */
const MOST = 500;
const MOST_COPIES = 5;

/** What this data folder and the database keep, and for how long. */
export const localStorage = (options: Local & { keepDays: number }): Storage => new LocalStorage(options);

class LocalStorage implements Storage {
  private readonly folders;
  private readonly exclusively;
  private readonly trash;
  private readonly keepMs: number;
  private at = 0;
  private pass: Promise<Pruned> | undefined;

  constructor(private readonly options: Local & { keepDays: number }) {
    this.folders = foldersOf(options.root);
    this.exclusively = exclusivelyIn(options.root, options.state);
    this.trash = new Trash(options.root);
    this.keepMs = options.keepDays * DAY_MS;
  }

  async sizes(): Promise<Sizes> {
    const { root, repositories, jobs, checks, environments, releases, bundles } = this.folders;
    const [mirrors, work, logs, kept] = await Promise.all([
      bytesIn([repositories]),
      bytesIn([jobs, checks, environments, releases]),
      bytesIn([path.join(root, 'logs')]),
      bytesIn([bundles]),
    ]);
    return { database: await this.options.state.bytes(), mirrors, checkouts: work, logs, bundles: kept };
  }

  /** One pass at a time in all workers of this data folder. Who asks meanwhile joins it. */
  prune(now = Date.now()): Promise<Pruned> {
    this.pass ??= this.pruned(now).finally(() => (this.pass = undefined));
    return this.pass;
  }

  private pruned(now: number): Promise<Pruned> {
    return this.exclusively('pruning', async () => {
      const { state, keepDays } = this.options;
      const before = now - this.keepMs;
      // What a live run needs stays: it may read whatever was kept since it began.
      const unneeded = Math.min(before, (await oldestLive(state)) ?? before);
      return {
        logs: (await this.pruneLogs(before)) + (await pruneLogEnds(state, before, MOST)),
        bundles: (await this.pruneFiles(unneeded)) + (await pruneBundles(state, unneeded, MOST)),
        texts: await pruneTexts(state, unneeded, MOST),
        deliveries: await pruneDeliveries(state, before, MOST),
        mirrors: await this.collect(keepDays),
      };
    });
  }

  /** The folders of jobs, checks and environments that have ended, with their output. Their records stay. */
  private async pruneLogs(before: number): Promise<number> {
    const runner = await idOf(this.options.root);
    const folders = await settledFolders(this.options.state, this.folders, { runner, before, most: MOST });
    for (const folder of folders) await this.trash.take(folder);
    return folders.length;
  }

  /** Bundles of what agents left behind are files. */
  private async pruneFiles(before: number): Promise<number> {
    let count = 0;
    for (const name of await readdir(this.folders.bundles).catch((): string[] => [])) {
      const place = path.join(this.folders.bundles, name);
      const { mtimeMs } = await stat(place).catch(() => ({ mtimeMs: Infinity }));
      if (mtimeMs >= before || count >= MOST) continue;
      await this.trash.take(place);
      count += 1;
    }
    return count;
  }

  /** Takes turns among the copies. Returns how many were looked at. */
  private async collect(keepDays: number): Promise<number> {
    const copies = await copiesIn(this.options.state, this.folders.repositories, await idOf(this.options.root));
    const turn = copies.map((_, index) => copies[(this.at + index) % copies.length]!).slice(0, MOST_COPIES);
    this.at += turn.length;
    let count = 0;
    for (const { name, gitDir, isUsed } of turn) {
      if (!(await isFolder(gitDir))) continue;
      await this.exclusively(copyLease(name), () => collect({ gitDir }, isUsed ? undefined : keepDays));
      count += 1;
    }
    return count;
  }
}
