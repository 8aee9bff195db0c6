import type { Count } from './transport.ts';

/**
 * What a hosted forge (GitHub, Gitea) is asked, in the words of gatehouse. A vendor's folder implements it with that forge's
 * calls. The rules that all hosted forges share, such as what counts as green and what follows from a refused merge, are
 * `forge.ts` of this room. Every method throws a failure of `failures.ts` if the forge could not be asked, or refuses.
 */
export interface HostedApi {
  /** The name by which people know the forge, such as `GitHub`. */
  readonly vendor: string;
  /** The address of its pages and of git, without a path or a slash at its end: `https://github.com`. */
  readonly address: string;

  /** The account whose credentials we use. Its name and e-mail are those of our commits, unless configured. */
  me(): Promise<HostedAccount>;
  /** The repository, also under an earlier name. Undefined: it does not exist, or we may not see it. */
  repository(place: Place): Promise<HostedRepository | undefined>;
  /** A branch with the rules that hold on it, as far as we may read them. Undefined: it does not exist. */
  branch(repository: HostedRepository, name: string): Promise<HostedBranch | undefined>;
  /** The contents of a file at a commit. Undefined: the commit does not have it. */
  fileAt(repository: HostedRepository, commit: string, file: string): Promise<string | undefined>;
  /** Whether any of these files or folders exists at the commit. */
  anyAt(repository: HostedRepository, commit: string, paths: readonly string[]): Promise<boolean>;

  pullRequest(repository: HostedRepository, number: number): Promise<PullRequest | undefined>;
  /** The open pull request from `branch` of this repository into `base`, or else the newest closed one. */
  pullRequestOf(
    repository: HostedRepository,
    heads: { branch: string; base?: string | undefined },
  ): Promise<PullRequest | undefined>;
  /** Opens a pull request. One that exists already is returned. */
  openPullRequest(
    repository: HostedRepository,
    wish: { branch: string; base: string; title: string; body: string },
  ): Promise<PullRequest>;
  /** Marks a draft as ready. False: we may not. */
  markReady(repository: HostedRepository, pullRequest: PullRequest): Promise<boolean>;

  /** All check runs and commit statuses of a commit, except ours, with one entry for each check: the one that counts. */
  checks(repository: HostedRepository, head: string): Promise<HostedCheck[]>;
  /** The end of a red check's log, at most 12,000 characters, or its summary and annotations. Undefined: it has none. */
  logOf(repository: HostedRepository, check: HostedCheck): Promise<string | undefined>;
  /** The workflow runs of this head that wait until a person approves them at the forge. */
  heldRuns(repository: HostedRepository, head: string): Promise<{ name: string; url: string }[]>;
  /** Has these red checks run again, where the forge can run them alone. Returns the names of those that will. */
  rerun(repository: HostedRepository, head: string, checks: readonly HostedCheck[]): Promise<string[]>;

  /** Merges exactly this head. Called once: what no answer came for is read back, never repeated blindly. */
  merge(repository: HostedRepository, pullRequest: PullRequest, wish: MergeWish): Promise<MergeAnswer>;
  /** Puts the pull request into the forge's merge queue. Undefined: the forge has none. */
  enqueue?(repository: HostedRepository, pullRequest: PullRequest, head: string): Promise<MergeAnswer>;
  /** Where the pull request is in the forge's merge queue. Undefined: it was never in one. */
  queued?(repository: HostedRepository, pullRequest: PullRequest): Promise<Queued | undefined>;
  /** Deletes a branch. `absent`: it was not there. A sentence: the forge refuses. */
  deleteBranch(repository: HostedRepository, branch: string): Promise<'deleted' | 'absent' | { refused: string }>;

  /** Reports our status on a commit. Reporting it again is harmless. */
  setStatus(repository: HostedRepository, head: string, status: OurStatus): Promise<void>;
  /** The comments of a pull request, oldest first. */
  comments(repository: HostedRepository, number: number): Promise<Comment[]>;
  /** The comments of all pull requests and issues that were made or edited since this ISO time, with their numbers. */
  newComments(repository: HostedRepository, since: string): Promise<(Comment & { number: number })[]>;
  /** One comment as it is now. Undefined: it was deleted. */
  comment(repository: HostedRepository, id: number): Promise<Comment | undefined>;
  addComment(repository: HostedRepository, number: number, body: string): Promise<Comment>;
  /** False: the comment no longer exists. */
  editComment(repository: HostedRepository, id: number, body: string): Promise<boolean>;
  react(repository: HostedRepository, comment: number, reaction: '+1' | 'confused'): Promise<void>;
  /** Whether this account may write to the repository. Undefined: we may not ask. */
  mayWrite(repository: HostedRepository, login: string): Promise<boolean | undefined>;

  /** User name and password for git over HTTP. They are narrowed to the repository where the forge can do that. */
  credentials(repository: Pick<HostedRepository, 'owner' | 'name'>, to: 'read' | 'write'): Promise<GitCredentials>;
  /** Forgets credentials that the forge has refused. True: others can be had, so the call is worth another try. */
  renew(repository: Pick<HostedRepository, 'owner' | 'name'>): Promise<boolean>;
  /** What we may do, and what is missing for which feature, in sentences. Changes nothing. */
  missing(repository: HostedRepository): Promise<string[]>;
  /** What is left of the rate limit. Undefined: the forge has none that it tells. */
  limit(): Promise<{ left: number; of: number; until: string } | undefined>;
  /** The webhooks of the repository that lead to this address, and making one. A secret is never read back. */
  webhooks(repository: HostedRepository): Promise<{ id: number; url: string; events: string[]; active: boolean }[]>;
  createWebhook(repository: HostedRepository, hook: { url: string; secret: string; events: string[] }): Promise<void>;
  /** The calls so far, and what was left of the rate limit of each credentials. Asks nobody. */
  traffic?(): { counts: Count[]; limits: { as: string; left: number }[] };
  /** Orderly stop: ends calls that are under way. */
  close(): Promise<void>;
}

/** A repository's owner and name, as somebody wrote them. */
export interface Place {
  owner: string;
  name: string;
}

export interface HostedAccount {
  login: string;
  id: number;
  name: string;
  email: string;
  bot: boolean;
}

export type MergeMethod = 'merge' | 'squash' | 'rebase';

/** A repository as the forge spells it. */
export interface HostedRepository extends Place {
  /** The forge's own number, which outlives a new name. */
  id: number;
  /** Our canonical name: `https://HOST/OWNER/NAME`. */
  canonical: string;
  /** Where git clones it, without credentials. */
  cloneUrl: string;
  defaultBranch: string;
  archived: boolean;
  empty: boolean;
  may: { read: boolean; write: boolean; administer: boolean };
  /** The merge methods that the repository allows, the forge's preferred one first. */
  methods: MergeMethod[];
}

/** A branch and its rules. A rule that we may not read is undefined. */
export interface HostedBranch {
  name: string;
  head: string;
  protected: boolean;
  /** Whether we may push to it. */
  mayPush?: boolean | undefined;
  /** The required checks: names, or globs at forges that have them. `app`: only reports of this app count. */
  required?: { name: string; app?: number | undefined; glob?: boolean | undefined }[] | undefined;
  approvals?: number | undefined;
  /** Whether a pull request must contain the branch's head before it is merged. */
  strict?: boolean | undefined;
  signed?: boolean | undefined;
  mergeQueue?: boolean | undefined;
  /** The merge methods that the branch's rules allow. */
  methods?: MergeMethod[] | undefined;
}

export interface PullRequest {
  number: number;
  /** The id by which GraphQL knows it. */
  node?: string | undefined;
  url: string;
  title: string;
  body: string;
  state: 'open' | 'closed' | 'merged';
  draft: boolean;
  head: string;
  branch: string;
  base: string;
  /** Whether its branch is in another repository. */
  fork: boolean;
  author: string;
  /** Undefined: the forge has not computed it yet. */
  mergeable?: boolean | undefined;
  /** The forge's own word for why it cannot be merged now, such as `behind` or `blocked`. */
  mergeState?: string | undefined;
  mergeCommit?: string | undefined;
  /** ISO time. */
  closedAt?: string | undefined;
  updatedAt: string;
}

/** One check of a commit. */
export interface HostedCheck {
  name: string;
  /** `green` and `red` have ended. `again`: cancelled or stale, which counts as red only after it was run once more. */
  state: 'green' | 'red' | 'again' | 'pending';
  /** The forge's own word: `success`, `timed_out`, `queued`. */
  conclusion: string;
  /** What the forge says of it in one line, such as `Failing after 3 s`. */
  summary?: string | undefined;
  url?: string | undefined;
  /** What the vendor needs to find its log or run it again. */
  from: {
    kind: 'run' | 'status';
    id: number;
    app?: number | undefined;
    job?: number | undefined;
    run?: number | undefined;
    /** How often its run was begun, counted from 1. Above 1, a cancelled check is not run again. */
    attempt?: number | undefined;
  };
  /** Green only where the check is not required, such as Gitea's `warning`. */
  redIfRequired?: boolean | undefined;
}

export interface MergeWish {
  head: string;
  method: MergeMethod;
  title: string;
  message: string;
}

/** What the forge says to a merge. `words`: the forge's own. */
export type MergeAnswer =
  | { is: 'merged'; commit?: string | undefined }
  | { is: 'queued'; position?: number | undefined }
  /** The pull request's head is another one now. */
  | { is: 'moved' }
  /** Not computed yet: ask again within seconds. */
  | { is: 'not-yet'; words: string }
  | { is: 'base-modified'; words: string }
  | { is: 'conflicted'; words: string }
  | { is: 'behind'; words: string }
  | { is: 'draft'; words: string }
  /** Reviews or code owners are missing, changes are requested, or a conversation is open. */
  | { is: 'reviews'; words: string }
  /** Required checks are missing or red. `names`: as far as the forge names them. */
  | { is: 'checks'; words: string; names?: string[] | undefined }
  | { is: 'queue-demanded'; words: string }
  | { is: 'method'; words: string }
  | { is: 'signatures'; words: string }
  | { is: 'closed'; words: string }
  | { is: 'refused'; words: string };

/** `removed`: it has left the queue without being merged. `because`: why, in the forge's words. */
export interface Queued {
  state: string;
  position?: number | undefined;
  because?: string | undefined;
}

export interface OurStatus {
  /** `gatehouse`, or `gatehouse/<name>` for a check that we ran. */
  context: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  /** At most 140 characters. */
  description: string;
  url?: string | undefined;
}

export interface Comment {
  id: number;
  body: string;
  author: string;
  /** Whether the author is a bot or an app. */
  bot: boolean;
  /** ISO times. They differ once the comment was edited. */
  createdAt: string;
  updatedAt: string;
  url: string;
}

export interface GitCredentials {
  username: string;
  password: string;
}
