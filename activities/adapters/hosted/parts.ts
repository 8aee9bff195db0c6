import type { Change } from '../../../workflows/contracts/change.ts';
import type { Ledger } from '../../ledger.ts';
import type { CheckRuns } from '../checks/check-runs.ts';
import type { rememberingBroughtBy } from '../git/merging/merged.ts';
import type { ChangeStore } from '../git/publishing/change-store.ts';
import type { Publishing } from '../git/publishing/publishing.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import type { HostedApi } from './api.ts';
import type { RemoteWorkspace } from './git/workspace.ts';
import type { Lookup } from './lookup.ts';
import type { PullRequestRows } from './pull-request/rows.ts';

/** How long the forge's slow answers are waited for, in milliseconds. Tests take less. */
export interface Times {
  /** How long refused credentials are tried again before a run is refused. */
  credentialsMs: number;
  /** The pause between two questions, where an answer is expected within seconds. */
  pauseMs: number;
  /** How long a merge is asked for again, or read back, within one call. */
  settleMs: number;
  /** How long a pull request must have been closed until that counts. */
  closedMs: number;
}

export const TIMES: Times = { credentialsMs: 30_000, pauseMs: 2_000, settleMs: 20_000, closedMs: 60_000 };

/** The repositories of a forge on another machine, in copies on this one. Those of tests may lack what needs a network. */
export type HostedWorkspace = GitWorkspace & Partial<Pick<RemoteWorkspace, 'adopt' | 'close'>>;

/** What the files of this room share: the forge's questions, our copies, records and commands. */
export interface Parts {
  api: HostedApi;
  workspace: HostedWorkspace;
  store: ChangeStore;
  publishing: Publishing;
  runs: CheckRuns;
  lookup: Lookup;
  pullRequestRows: Pick<PullRequestRows, 'installation'>;
  broughtBy: ReturnType<typeof rememberingBroughtBy>;
  ledger?: Ledger | undefined;
  log: (fields: object, message: string) => void;
  times: Times;
}

/** The key of a change's record. */
export const keyOf = async ({ lookup }: Parts, { branch, base, repository }: Omit<Change, 'basis'>) => ({
  repository: (await lookup.repository(repository)).canonical,
  branch,
  base,
});

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
