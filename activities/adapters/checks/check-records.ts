import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { foldersOf, hashOf, safeName } from '../files/folders.ts';
import { recordAs } from '../files/reading.ts';
import { writeJson, writeRecord } from '../files/records.ts';
import { Trash } from '../files/trash.ts';
import { Unfinished } from '../files/unfinished.ts';

/** How one run of one check ended, recorded next to its process. */
export const Verdict = z.object({ conclusion: z.string(), round: z.string(), log: z.string() });
export type Verdict = z.output<typeof Verdict>;

/**
 * The run for which the check began. The repository has the name that the run uses, because it may be moved before the check
 * ends.
 */
const Begun = z.object({ round: z.string(), branch: z.string().default(''), repository: z.string().optional() });
type Begun = z.output<typeof Begun>;

/** A run of a check without a verdict: it runs, or it has ended since the last poll. Its checkout still exists. */
export interface OpenRun {
  folder: string;
  /** The folder of the commit, and the name of the repository's folder around it. */
  commit: string;
  home: string;
  begun: Begun;
}

const LEASE = 'checks ';

/** The records of checks, `<repository>/<commit>/<check and command>/<run>`, and the list of those that are open. */
export class CheckRecords {
  private readonly root;
  private readonly unfinished;
  private readonly trash;

  constructor(root: string) {
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.root = foldersOf(root).checks;
    this.unfinished = new Unfinished(path.join(foldersOf(root).unfinished, 'checks'), () => this.allOpen());
  }

  homeOf = (source: string): string => safeName(source);
  /** The lease under which the checks of a commit are polled. */
  leaseOf = (commit: string): string => `${LEASE}${path.relative(this.root, commit)}`;
  /** The commit of a repository that is polled under this lease, if it is one of its commits. */
  polledUnder(home: string, lease: string): string[] {
    const commit = lease.slice(LEASE.length);
    return lease.startsWith(LEASE) && path.dirname(commit) === home ? [path.join(this.root, commit)] : [];
  }

  commitOf = (source: string, head: string): string => path.join(this.root, this.homeOf(source), head);

  /** The folder of a check's runs. A check with another command is another check. Earlier versions used the name alone. */
  checkOf = (commit: string, name: string, command: string): string =>
    path.join(commit, `${safeName(name)}-${hashOf(command).slice(0, 12)}`);

  verdictOf = (run: string): Promise<Verdict | undefined> => recordAs(path.join(run, 'verdict.json'), Verdict);
  begunOf = (run: string): Promise<Begun | undefined> => recordAs(path.join(run, 'begun.json'), Begun);

  /** Recorded first, so that the owner of every checkout is known, even if the check never finishes. */
  async begin(run: string, begun: Begun): Promise<void> {
    await this.unfinished.add(path.relative(this.root, run));
    await writeJson(path.join(run, 'begun.json'), begun);
  }

  async settle(run: string, verdict: Verdict): Promise<void> {
    await writeRecord(path.join(run, 'verdict.json'), JSON.stringify(verdict));
    await this.strike(run);
  }

  /** Removes everything of the run except its records. */
  async strike(run: string): Promise<void> {
    await this.trash.take(path.join(run, 'tree'));
    await this.unfinished.remove(path.relative(this.root, run));
  }

  /** Removes the run completely, so that the check runs again. */
  async forget(run: string): Promise<void> {
    await this.trash.take(run);
    await this.unfinished.remove(path.relative(this.root, run));
  }

  close = (): Promise<void> => this.trash.close();

  async open(): Promise<OpenRun[]> {
    const runs = await Promise.all((await this.unfinished.list()).map((name) => this.openRun(name)));
    return runs.flat();
  }

  private async openRun(name: string): Promise<OpenRun[]> {
    const folder = path.join(this.root, name);
    const begun = await this.begunOf(folder);
    if (!begun) return [];
    if ((await this.verdictOf(folder)) !== undefined) {
      // A worker died after the verdict and before the cleanup.
      await this.strike(folder);
      return [];
    }
    const [home = ''] = name.split(path.sep);
    return [{ folder, begun, home, commit: path.dirname(path.dirname(folder)) }];
  }

  private async allOpen(): Promise<string[]> {
    const runs = await foldersBelow(this.root, 4);
    const open = await Promise.all(runs.map(async (run) => ((await this.verdictOf(run)) ? [] : [run])));
    return open.flat().map((run) => path.relative(this.root, run));
  }
}

async function foldersBelow(root: string, depth: number): Promise<string[]> {
  if (depth === 0) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  return (await Promise.all(folders.map(({ name }) => foldersBelow(path.join(root, name), depth - 1)))).flat();
}
