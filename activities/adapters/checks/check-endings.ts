import path from 'node:path';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import type { Exclusively } from '../processes/exclusive.ts';
import type { Holders } from '../processes/holders.ts';
import { endAll } from '../processes/processes.ts';
import { GRACE_MS, type CheckRecords, type OpenRun } from './check-records.ts';

interface Given {
  records: CheckRecords;
  holders: Holders;
  workspace: GitWorkspace;
  exclusively: Exclusively;
}

/** How checks end for which nobody waits. */
export class CheckEndings {
  /** The last known canonical name of each repository, by the name that runs use. */
  readonly sources = new Map<string, string>();

  constructor(private readonly given: Given) {}

  /**
   * Ends the branch's checks of all heads except one, because nobody waits for them. They run again if they are needed. The
   * repository need not exist: it may have been moved while they ran.
   */
  async endOthers(
    change: Pick<Change, 'repository' | 'branch'>,
    except: string | undefined,
    { elsewhere }: { elsewhere: 'ask' | 'give up' },
  ): Promise<void> {
    const { repository, branch } = change;
    const home = await this.homeOf(repository);
    const isOne = (run: OpenRun) =>
      (run.home === home || run.begun.repository === repository) && run.begun.branch === branch;
    const open = (await this.given.records.open()).filter(isOne);
    // Checks that a poll begins just now may not be recorded yet.
    const polled = (await this.given.exclusively.held()).flatMap((lease) =>
      this.given.records.polledUnder(home, lease),
    );
    const commits = new Set([...open.map(({ commit }) => commit), ...polled]);
    for (const commit of commits) if (path.basename(commit) !== except) await this.endAt(branch, commit);
    for (const run of (await this.given.records.elsewhere()).filter(isOne)) {
      if (path.basename(run.commit) === except) continue;
      if (elsewhere === 'ask' && !(await this.given.holders.mayBeEnded(run.runner))) {
        await this.given.holders.find(run.runner, 'checks');
      }
      await this.given.records.void(run.folder);
    }
  }

  /** The folder of a repository's checks. For a repository that is gone, uses its last known name, or the given one. */
  private async homeOf(repository: string): Promise<string> {
    const source = await this.given.workspace.path(repository).catch(() => this.sources.get(repository) ?? repository);
    return this.given.records.homeOf(source);
  }

  /** Waits for a poll in progress, so that the checks which it begins end with the others. */
  private async endAt(branch: string, commit: string): Promise<void> {
    await this.given.exclusively(this.given.records.leaseOf(commit), async () => {
      const open = await this.given.records.open();
      await this.forget(open.filter((run) => run.commit === commit && run.begun.branch === branch));
    });
  }

  async forget(runs: OpenRun[]): Promise<void> {
    await ended(runs);
    for (const { folder } of runs) await this.given.records.forget(folder);
  }

  /** How many checks have no verdict yet, by `branchKey`. */
  async open(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    const open = [...(await this.given.records.open()), ...(await this.given.records.elsewhere())];
    for (const { home, begun } of open) {
      const place = `${home} ${begun.branch}`;
      counts.set(place, 1 + (counts.get(place) ?? 0));
    }
    return counts;
  }

  /** Others have taken this runner for lost: its checks end, and begin anew elsewhere. Throws if some do not end. */
  async lose(): Promise<void> {
    const open = await this.given.records.open();
    await ended(open);
    for (const { folder } of open) await this.given.records.void(folder);
    await this.given.records.open(); // removes what is left of them
  }
}

/** Ends the processes of these runs. */
export async function ended(runs: OpenRun[]): Promise<void> {
  const left = await endAll(
    runs.map(({ folder }) => folder),
    { graceMs: GRACE_MS },
  );
  if (left.length > 0) throw new Error(left.join('\n'));
}
