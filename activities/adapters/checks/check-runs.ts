import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Failing } from '../../../workflows/contracts/reports.ts';
import type { Ledger } from '../../ledger.ts';
import type { Checks } from '../../ports.ts';
import { safeName } from '../files/folders.ts';
import { CheckoutRefused } from '../git/refusals.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import { environmentFor } from '../processes/environment.ts';
import type { Exclusively } from '../processes/exclusive.ts';
import { lastWordsOf, logOf } from '../processes/logs.ts';
import { end, endAll, launch, stateOf } from '../processes/processes.ts';
import type { State } from '../state/state.ts';
import { settingsOf } from '../settings/reading.ts';
import { CheckRecords, type OpenRun } from './check-records.ts';
import type { Verdict } from './check-rows.ts';

/** How many checks of one commit run at a time, and how often a check that vanished is run. */
const AT_ONCE = 2;
const VANISHED_MOST = 5;
const LOG_CHARACTERS = 4_000;
const GRACE_MS = 2_000;

export interface CheckRunsOptions {
  root: string;
  environment: NodeJS.ProcessEnv;
  workspace: GitWorkspace;
  exclusively: Exclusively;
  state: State;
  ledger?: Ledger | undefined;
}

/** Runs the base branch's checks in clean checkouts of one commit: once per commit, name and command, across workers. */
export class CheckRuns {
  private readonly records;
  private closing = false;
  /** The last head of each branch whose checks were read. */
  private readonly looked = new Map<string, string>();
  /** The last known canonical name of each repository, by the name that runs use. */
  private readonly sources = new Map<string, string>();

  private readonly environment;
  private readonly workspace;
  private readonly exclusively;
  private readonly ledger;

  constructor({ root, environment, workspace, exclusively, ledger, state }: CheckRunsOptions) {
    this.records = new CheckRecords(root, state);
    this.environment = environment;
    this.workspace = workspace;
    this.exclusively = exclusively;
    this.ledger = ledger;
  }

  async look(change: Change, head: string, limits: { checkSeconds: number; round: string }): Promise<Checks> {
    const { checks } = await settingsOf(this.workspace, change);
    const names = Object.keys(checks);
    const source = await this.workspace.path(change.repository);
    this.sources.set(change.repository, source);
    const folder = this.records.commitOf(source, head);
    // Checks of the branch's other heads end when a new head comes, not at each poll, because there may be many old heads.
    const place = `${source} ${change.branch}`;
    if (this.looked.get(place) !== head) await this.endOthers(change, head);
    this.looked.set(place, head);
    return this.exclusively(this.records.leaseOf(folder), async () => {
      const ended: Failing[] = [];
      const running: string[] = [];
      let active = 0;
      for (const name of names) {
        const room = active < AT_ONCE && !this.closing;
        const verdict = await this.one({ change, head, name, command: checks[name]!, folder, room, ...limits });
        if (verdict === 'running') active += 1;
        if (typeof verdict === 'string') running.push(name);
        else ended.push(verdict);
      }
      return { ended, running, none: names.length === 0 };
    });
  }

  /**
   * Ends the branch's checks of all heads except one, because nobody waits for them. They run again if they are needed. The
   * repository need not exist: it may have been moved while they ran.
   */
  async endOthers(change: Pick<Change, 'repository' | 'branch'>, except?: string): Promise<void> {
    const { repository, branch } = change;
    const home = await this.homeOf(repository);
    const open = (await this.records.open()).filter(
      (run) => (run.home === home || run.begun.repository === repository) && run.begun.branch === branch,
    );
    // Checks that a poll begins just now may not be recorded yet.
    const polled = (await this.exclusively.held()).flatMap((lease) => this.records.polledUnder(home, lease));
    const commits = new Set([...open.map(({ commit }) => commit), ...polled]);
    for (const commit of commits) if (path.basename(commit) !== except) await this.endAt(branch, commit);
  }

  /** The folder of a repository's checks. For a repository that is gone, uses its last known name, or the given one. */
  private async homeOf(repository: string): Promise<string> {
    const source = await this.workspace.path(repository).catch(() => this.sources.get(repository) ?? repository);
    return this.records.homeOf(source);
  }

  /** Waits for a poll in progress, so that the checks which it begins end with the others. */
  private async endAt(branch: string, commit: string): Promise<void> {
    await this.exclusively(this.records.leaseOf(commit), async () => {
      const open = await this.records.open();
      await this.forget(open.filter((run) => run.commit === commit && run.begun.branch === branch));
    });
  }

  private async forget(runs: OpenRun[]): Promise<void> {
    await ended(runs);
    for (const { folder } of runs) await this.records.forget(folder);
  }

  /** How many checks have no verdict yet, by `branchKey`. */
  async open(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { home, begun } of await this.records.open()) {
      const place = `${home} ${begun.branch}`;
      counts.set(place, 1 + (counts.get(place) ?? 0));
    }
    return counts;
  }

  /** Orderly stop: running checks are ended and forgotten, so that they run again. */
  async close(): Promise<void> {
    this.closing = true;
    const states = await Promise.all(
      (await this.records.open()).map(async (run) => ({ run, state: await stateOf(run.folder) })),
    );
    await ended(states.map(({ run }) => run)); // includes what ended commands have left running
    for (const { run, state } of states) if (state.is === 'running') await this.records.forget(run.folder);
    await this.records.close();
  }

  /** The state of one check. Begins the check if it is due. */
  private async one(check: One): Promise<CurrentVerdict> {
    const runs = this.records.checkOf(check.folder, check.name, check.command);
    const n = await this.records.last(runs);
    if (n === 0) return this.first(check, path.join(runs, '1'));
    const run = path.join(runs, String(n));
    const { verdict } = (await this.records.find(run)) ?? {};
    if (verdict) {
      const again = verdict.conclusion !== 'success' && verdict.round !== check.round;
      return again ? this.begin(check, path.join(runs, String(n + 1))) : failingOf(check.name, run, verdict);
    }
    const state = await stateOf(run);
    switch (state.is) {
      case 'absent':
        return this.begin(check, run);
      case 'running':
        if (Date.now() - state.since < check.checkSeconds * 1_000) return 'running';
        return this.settle(check, run, 'timed_out');
      case 'exited':
        return this.settle(check, run, state.code === 0 ? 'success' : 'failure');
      case 'vanished':
        if (n >= VANISHED_MOST) return this.settle(check, run, 'cancelled');
        return this.replace(check, run, path.join(runs, String(n + 1)));
    }
  }

  /** Earlier versions identified a check by its name alone, whatever its command. Nobody waits for those checks. */
  private async first(check: One, run: string): Promise<CurrentVerdict> {
    const earlier = path.join(check.folder, safeName(check.name));
    const open = await this.records.open();
    await this.forget(open.filter(({ folder }) => path.dirname(folder) === earlier));
    return this.begin(check, run);
  }

  private async replace(check: One, vanished: string, run: string): Promise<CurrentVerdict> {
    await end(vanished, { graceMs: 0 });
    const begun = await this.begin(check, run);
    if (begun !== 'queued') await this.records.strike(vanished);
    return begun;
  }

  private async begin({ change, head, name, command, room, round }: One, run: string): Promise<CurrentVerdict> {
    if (!room) return 'queued';
    const tree = path.join(run, 'tree');
    await this.records.begin(run, { round, branch: change.branch, repository: change.repository });
    try {
      await this.workspace.checkout(change.repository, head, tree, { base: change.base });
    } catch (failure) {
      if (!(failure instanceof CheckoutRefused)) throw failure;
      const verdict = { conclusion: 'failure', round, log: failure.message };
      await this.records.settle(run, verdict);
      return failingOf(name, run, verdict);
    }
    if (this.closing) return 'queued';
    const key = `${change.repository} ${head} ${name} ${round}`;
    const begins = () => this.ledger?.note({ effect: 'check-started', key });
    await launch(run, { command, cwd: tree, env: environmentFor(this.environment, { CI: 'true' }), begins });
    return 'running';
  }

  /** Ends what the command left running before its verdict is reported. */
  private async settle({ name }: One, run: string, conclusion: string): Promise<Failing> {
    await end(run, { graceMs: GRACE_MS });
    const { round = '' } = (await this.records.find(run))?.begun ?? {};
    const verdict = { conclusion, round, log: await lastWordsOf(run, LOG_CHARACTERS) };
    await this.records.settle(run, verdict);
    return failingOf(name, run, verdict);
  }
}

type CurrentVerdict = Failing | 'running' | 'queued';

async function ended(runs: OpenRun[]): Promise<void> {
  const left = await endAll(
    runs.map(({ folder }) => folder),
    { graceMs: GRACE_MS },
  );
  if (left.length > 0) throw new Error(left.join('\n'));
}

interface One {
  change: Change;
  head: string;
  name: string;
  command: string;
  folder: string;
  /** Whether another check may begin now. */
  room: boolean;
  checkSeconds: number;
  round: string;
}

/** The key under which `open` counts a branch's checks. The repository has its canonical name. */
export const branchKey = (repository: string, branch: string) => `${safeName(repository)} ${branch}`;

const failingOf = (name: string, run: string, { conclusion, log }: Verdict): Failing => ({
  name,
  conclusion,
  url: pathToFileURL(logOf(run, 'stdout')).href,
  ...(conclusion !== 'success' && { log }),
});
