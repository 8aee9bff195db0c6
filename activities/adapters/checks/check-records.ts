import path from 'node:path';
import { foldersOf, hashOf, safeName } from '../files/folders.ts';
import { Trash } from '../files/trash.ts';
import { idOf } from '../processes/exclusive.ts';
import { askToEnd, end, isHere } from '../processes/processes.ts';
import type { State } from '../state/state.ts';
import { CheckRows, type Begun, type CheckRecord, type Verdict } from './check-rows.ts';

/** A run of a check without a verdict: it runs, or it has ended since the last poll. Its checkout still exists. */
export interface OpenRun {
  folder: string;
  runner: string;
  /** The folder of the commit, and the name of the repository's folder around it. */
  commit: string;
  home: string;
  begun: Begun;
}

const LEASE = 'checks ';
/** How long the processes of a check have from SIGTERM to SIGKILL, in milliseconds. */
export const GRACE_MS = 2_000;

/** The records of checks, `<repository>/<commit>/<check and command>/<run>`, and the list of those that are open. */
export class CheckRecords {
  private readonly root;
  private readonly rows;
  private readonly trash;

  constructor(root: string, state: State) {
    this.trash = new Trash(root);
    void this.trash.sweep();
    this.root = foldersOf(root).checks;
    this.rows = new CheckRows(state, () => idOf(root));
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

  find = (run: string): Promise<CheckRecord | undefined> => this.rows.find(this.nameOf(run));

  /** The number of the last run of a check, or 0. */
  last = (check: string): Promise<number> => this.rows.last(this.nameOf(check));

  /** Recorded first, so that the owner of every checkout is known, even if the check never finishes. */
  begin = (run: string, begun: Begun): Promise<string> => this.rows.begin(this.nameOf(run), begun);

  async settle(run: string, verdict: Verdict): Promise<void> {
    await this.rows.settle(this.nameOf(run), verdict);
    await this.strike(run);
  }

  /** Gives the run up: it is lost, or nobody waits for it. */
  void = (run: string): Promise<void> => this.rows.void(this.nameOf(run));
  again = (run: string): Promise<void> => this.rows.again(this.nameOf(run));

  /** Removes everything of the run except its record and its log. */
  async strike(run: string): Promise<void> {
    await this.trash.take(path.join(run, 'tree'));
    await this.rows.cleared(this.nameOf(run));
  }

  /** Removes the run completely, so that the check runs again. */
  async forget(run: string): Promise<void> {
    await this.trash.take(run);
    await this.rows.forget(this.nameOf(run));
  }

  close = (): Promise<void> => this.trash.close();

  /** The open runs of this data folder. */
  async open(): Promise<OpenRun[]> {
    const runs = (await this.rows.unfinished()).map(async (record) => {
      const run = this.openRun(record);
      if (!record.verdict) return [run];
      // A worker died after the verdict and before the cleanup, or another worker has given the run up.
      await this.over(run.folder).catch(() => undefined); // it is done the next time
      return [];
    });
    return (await Promise.all(runs)).flat();
  }

  /** Ends what is left of a run. One that another container runs is only asked to end, because that may take long. */
  private async over(folder: string): Promise<void> {
    await ((await isHere(folder)) ? end(folder, { graceMs: GRACE_MS }) : askToEnd(folder));
    await this.strike(folder);
  }

  /** The open runs of other data folders. */
  elsewhere = async (): Promise<OpenRun[]> => (await this.rows.elsewhere()).map((record) => this.openRun(record));

  private openRun({ name, begun, runner }: CheckRecord): OpenRun {
    const folder = path.join(this.root, name);
    const [home = ''] = name.split('/');
    return { folder, runner, begun, home, commit: path.dirname(path.dirname(folder)) };
  }

  private nameOf = (folder: string): string => path.relative(this.root, folder).split(path.sep).join('/');
}
