import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Failing } from '../../../workflows/contracts/reports.ts';
import type { Ledger } from '../../ledger.ts';
import type { Checks } from '../../ports.ts';
import { safeName } from '../files/folders.ts';
import { CheckoutRefused } from '../git/refusals.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import type { Exclusively } from '../processes/exclusive.ts';
import { fenceIn } from '../processes/fence.ts';
import { Holders } from '../processes/holders.ts';
import type { Isolation } from '../processes/isolation/use.ts';
import { lastWordsOf, logOf } from '../processes/logs.ts';
import { end, launch, stateOf } from '../processes/processes.ts';
import type { State } from '../state/state.ts';
import { settingsOf } from '../settings/reading.ts';
import { CheckEndings, ended } from './check-endings.ts';
import { CheckRecords, GRACE_MS, type OpenRun } from './check-records.ts';
import type { Verdict } from './check-rows.ts';

/** How many checks of one commit run at a time, and how often a check that vanished is run. */
const AT_ONCE = 2;
const VANISHED_MOST = 5;
const LOG_CHARACTERS = 4_000;

export interface CheckRunsOptions {
  root: string;
  isolation: Isolation;
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

  private readonly isolation;
  private readonly workspace;
  private readonly exclusively;
  private readonly ledger;
  private readonly holders;
  private readonly endings;
  private readonly state;
  private readonly root;

  constructor({ root, isolation, workspace, exclusively, ledger, state }: CheckRunsOptions) {
    this.records = new CheckRecords(root, state);
    this.holders = new Holders(root, state);
    this.state = state;
    this.root = root;
    this.isolation = isolation;
    this.workspace = workspace;
    this.exclusively = exclusively;
    this.ledger = ledger;
    const { records, holders } = this;
    this.endings = new CheckEndings({ records, holders, workspace, exclusively });
    const sweep = async () => void (await records.open());
    state.runners.add({
      sweep,
      lose: () => this.endings.lose(),
      isBusy: async () => (await this.running()).length > 0,
    });
  }

  async look(change: Change, head: string, limits: { checkSeconds: number; round: string }): Promise<Checks> {
    const { checks } = await settingsOf(this.workspace, change);
    const names = Object.keys(checks);
    const source = await this.workspace.path(change.repository);
    this.endings.sources.set(change.repository, source);
    const folder = this.records.commitOf(source, head);
    // Checks of the branch's other heads end when a new head comes, not at each poll, because there may be many old heads.
    const place = `${source} ${change.branch}`;
    if (this.looked.get(place) !== head) await this.endings.endOthers(change, head, { elsewhere: 'give up' });
    this.looked.set(place, head);
    return this.exclusively(this.records.leaseOf(folder), async () => {
      const ended: Failing[] = [];
      const running: string[] = [];
      let active = 0;
      for (const name of names) {
        const room = active < AT_ONCE && !this.closing && !this.state.runners.draining;
        const verdict = await this.one({ change, head, name, command: checks[name]!, folder, room, ...limits });
        if (verdict === 'running') active += 1;
        if (typeof verdict === 'string') running.push(name);
        else ended.push(verdict);
      }
      return { ended, running, none: names.length === 0 };
    });
  }

  /** Has red checks run once more with the next poll. Returns the names of those that will. */
  async rerun(change: Change, head: string, names: readonly string[]): Promise<string[]> {
    const { checks } = await settingsOf(this.workspace, change);
    const folder = this.records.commitOf(await this.workspace.path(change.repository), head);
    const again: string[] = [];
    for (const name of names.filter((each) => Object.hasOwn(checks, each))) {
      const runs = this.records.checkOf(folder, name, checks[name]!);
      const run = path.join(runs, String(await this.records.last(runs)));
      const { verdict } = (await this.records.find(run)) ?? {};
      if (!verdict || verdict.conclusion === 'success') continue;
      await this.records.again(run);
      again.push(name);
    }
    return again;
  }

  /** Ends the branch's checks of all heads except one, because nobody waits for them. */
  endOthers = (change: Pick<Change, 'repository' | 'branch'>, except?: string): Promise<void> =>
    this.endings.endOthers(change, except, { elsewhere: 'ask' });

  /** How many checks have no verdict yet, by `branchKey`. */
  open = (): Promise<Map<string, number>> => this.endings.open();

  /** Orderly stop: running checks are ended and forgotten, so that they run again. */
  async close(): Promise<void> {
    this.closing = true;
    const open = await this.records.open();
    const running = await this.running();
    await ended(open); // includes what ended commands have left running
    for (const { folder } of running) await this.records.forget(folder);
    await this.records.close();
  }

  private async running(): Promise<OpenRun[]> {
    const open = (await this.records.open()).map(async (run) => ({ run, state: await stateOf(run.folder) }));
    return (await Promise.all(open)).flatMap(({ run, state }) => (state.is === 'running' ? [run] : []));
  }

  /** The state of one check. Begins the check if it is due. */
  private async one(check: One): Promise<CurrentVerdict> {
    const runs = this.records.checkOf(check.folder, check.name, check.command);
    const n = await this.records.last(runs);
    if (n === 0) return this.first(check, path.join(runs, '1'));
    const run = path.join(runs, String(n));
    const { verdict, runner } = (await this.records.find(run)) ?? {};
    if (verdict) {
      const again = verdict.conclusion !== 'success' && verdict.round !== check.round;
      if (again) return this.begin(check, path.join(runs, String(n + 1)));
      return failingOf(check.name, runner === (await this.holders.own()) ? run : undefined, verdict);
    }
    if (runner !== undefined && (await this.holders.find(runner, 'checks')) === 'lost') {
      await this.records.void(run);
      return this.begin(check, path.join(runs, String(n + 1)));
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
    await this.endings.forget(open.filter(({ folder }) => path.dirname(folder) === earlier));
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
    this.holders.checkFence();
    const tree = path.join(run, 'tree');
    const runner = await this.records.begin(run, { round, branch: change.branch, repository: change.repository });
    if ((await this.holders.find(runner, 'checks')) === 'lost') return 'queued'; // the next poll begins it
    try {
      await this.workspace.checkout(change.repository, head, tree, { base: change.base, fork: change.fork });
    } catch (failure) {
      if (!(failure instanceof CheckoutRefused)) throw failure;
      const verdict = { conclusion: 'failure', round, log: failure.message };
      await this.records.settle(run, verdict);
      return failingOf(name, run, verdict);
    }
    if (this.closing) return 'queued';
    const key = `${change.repository} ${head} ${name} ${round}`;
    const begins = () => this.ledger?.note({ effect: 'check-started', key });
    const use = {
      repository: change.repository,
      fork: change.fork === true,
      kind: 'check',
      cwd: tree,
      folder: path.join(run, 'isolation'),
    } as const;
    const start = await this.isolation.start({ ...use, command, env: { CI: 'true' } });
    await launch(run, { ...start, cwd: tree, fence: fenceIn(this.root, this.state), begins });
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

/** `run`: the folder of its log. Undefined if that is with another worker. */
const failingOf = (name: string, run: string | undefined, { conclusion, log }: Verdict): Failing => ({
  name,
  conclusion,
  ...(run !== undefined && { url: pathToFileURL(logOf(run, 'stdout')).href }),
  ...(conclusion !== 'success' && { log }),
});
