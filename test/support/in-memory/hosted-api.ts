import type {
  Comment,
  HostedApi,
  HostedBranch,
  HostedCheck,
  HostedRepository,
  MergeAnswer,
  MergeWish,
  OurStatus,
  Place,
  PullRequest,
} from '../../../activities/adapters/hosted/api.ts';
import { ForgeUnavailable } from '../../../activities/adapters/hosted/failures.ts';
import { BareRepository } from './bare-repository.ts';

type Method = Exclude<keyof HostedApi, 'vendor' | 'address'>;

/**
 * A hosted forge with one repository, which is a bare one on disk: branches and merges are real, pull requests, checks and
 * rules are what a test says. A pull request whose branch is gone is closed, as forges do.
 */
export class InMemoryHostedApi implements HostedApi {
  readonly vendor = 'GitForge';
  readonly git: BareRepository;
  /** The names of all calls so far. */
  readonly calls: Method[] = [];
  /** Failures with which the next calls of a method end: before anything has happened, or `after` all of it has. */
  readonly failing = new Map<Method, { failure: Error; after?: boolean }[]>();
  /** The repository as the forge shows it. Undefined: we may not see it. */
  shown: HostedRepository | undefined;
  /** More repositories, of which it shows no more than that they are there. */
  readonly others: HostedRepository[] = [];
  /** Earlier names of the repository, in lower case. */
  readonly earlierNames = new Set<string>();
  readonly pulls = new Map<number, PullRequest>();
  /** The checks of each commit. `ci` makes those of commits that are not there. */
  readonly checked = new Map<string, HostedCheck[]>();
  ci: (head: string) => HostedCheck[] = () => [];
  readonly rules = new Map<string, Partial<HostedBranch>>();
  readonly held: { name: string; url: string }[] = [];
  readonly statuses: (OurStatus & { head: string })[] = [];
  readonly reruns: string[] = [];
  /** The checks that the forge can run alone. Default: all. */
  canRerun: (check: HostedCheck) => boolean = () => true;
  readonly logs = new Map<string, string>();
  /** What the forge says to the next merges. Without any it merges what can be merged. */
  readonly answers: MergeAnswer[] = [];
  readonly merges: MergeWish[] = [];
  readonly said: (Comment & { number: number })[] = [];
  /** Who may write to it, as far as it tells us. */
  readonly writers = new Set<string>();
  mayReady = true;
  /** Positions in the merge queue, by number. */
  readonly queue = new Map<number, { position?: number; state: string }>();

  constructor(
    folder: string,
    readonly address = 'https://forge.example',
    place: Place = { owner: 'acme', name: 'Shop' },
  ) {
    this.git = new BareRepository(folder);
    this.shown = {
      ...place,
      id: 1,
      canonical: `${address}/${place.owner}/${place.name}`,
      cloneUrl: folder,
      defaultBranch: 'main',
      archived: false,
      empty: false,
      may: { read: true, write: true, administer: false },
      methods: ['merge', 'squash', 'rebase'],
    };
  }

  me = this.call('me', async () => ({
    login: 'gatehouse',
    id: 7,
    name: 'gatehouse',
    email: 'g@forge.example',
    bot: true,
  }));

  repository = this.call('repository', async ({ owner, name }: Place) => {
    const { shown } = this;
    const asked = `${owner}/${name}`.toLowerCase();
    const isIt = shown && asked === `${shown.owner}/${shown.name}`.toLowerCase();
    if (isIt || this.earlierNames.has(asked)) return shown;
    return this.others.find((each) => asked === `${each.owner}/${each.name}`.toLowerCase());
  });

  branch = this.call('branch', async (_: HostedRepository, name: string) => {
    const head = await this.git.headOf(name);
    return head === undefined ? undefined : { name, head, protected: this.rules.has(name), ...this.rules.get(name) };
  });

  fileAt = this.call('fileAt', (_: HostedRepository, commit: string, file: string) => this.git.fileAt(commit, file));

  anyAt = this.call('anyAt', async (_: HostedRepository, commit: string, paths: readonly string[]) => {
    for (const path of paths) if (await this.git.exists(commit, path)) return true;
    return false;
  });

  pullRequest = this.call('pullRequest', async (_: HostedRepository, number: number) => this.current(number));

  pullRequestOf = this.call(
    'pullRequestOf',
    async (_: HostedRepository, { branch, base }: { branch: string; base?: string | undefined }) => {
      const all = await Promise.all([...this.pulls.keys()].map((number) => this.current(number)));
      const its = all.flatMap((each) =>
        each && each.branch === branch && !each.fork && (base === undefined || each.base === base) ? [each] : [],
      );
      return its.find(({ state }) => state === 'open') ?? its.at(-1);
    },
  );

  openPullRequest = this.call(
    'openPullRequest',
    async (
      _: HostedRepository,
      { branch, base, title, body }: Record<'branch' | 'base' | 'title' | 'body', string>,
    ) => {
      for (const each of this.pulls.values())
        if (each.branch === branch && each.base === base && each.state === 'open' && !each.fork) return each;
      const head = await this.git.headOf(branch);
      return this.addPull({ branch, base, title, body, ...(head !== undefined && { head }) });
    },
  );

  markReady = this.call('markReady', async (_: HostedRepository, { number }: PullRequest) => {
    if (this.mayReady) this.pulls.get(number)!.draft = false;
    return this.mayReady;
  });

  checks = this.call('checks', async (_: HostedRepository, head: string) => this.checked.get(head) ?? this.ci(head));
  logOf = this.call('logOf', async (_: HostedRepository, { name }: HostedCheck) => this.logs.get(name));
  heldRuns = this.call('heldRuns', async () => this.held);

  rerun = this.call('rerun', async (_: HostedRepository, head: string, checks: readonly HostedCheck[]) => {
    const begun = checks.filter((each) => this.canRerun(each)).map(({ name }) => name);
    this.reruns.push(...begun.map((name) => `${head} ${name}`));
    return begun;
  });

  merge = this.call('merge', async (_: HostedRepository, { number }: PullRequest, wish: MergeWish) => {
    this.merges.push(wish);
    const answer = this.answers.shift() ?? (await this.refusalOf(number, wish));
    return answer ?? this.mergeNow(number, wish.method);
  });

  enqueue: NonNullable<HostedApi['enqueue']> = this.call(
    'enqueue',
    async (_: HostedRepository, { number }: PullRequest): Promise<MergeAnswer> => {
      this.queue.set(number, { position: 1, state: 'QUEUED' });
      return { is: 'queued', position: 1 };
    },
  );

  queued: NonNullable<HostedApi['queued']> = this.call('queued', async (_: HostedRepository, { number }: PullRequest) =>
    this.queue.get(number),
  );

  deleteBranch = this.call('deleteBranch', async (_: HostedRepository, branch: string) => {
    return (await this.git.remove(branch)) ? ('deleted' as const) : ('absent' as const);
  });

  setStatus = this.call('setStatus', async (_: HostedRepository, head: string, status: OurStatus) => {
    this.statuses.push({ head, ...status });
  });

  comments = this.call('comments', async (_: HostedRepository, number: number) =>
    this.said.filter((each) => each.number === number),
  );
  newComments = this.call('newComments', async (_: HostedRepository, since: string) =>
    this.said.filter(({ updatedAt }) => updatedAt >= since),
  );
  comment = this.call('comment', async (_: HostedRepository, id: number) => this.said.find((each) => each.id === id));
  addComment = this.call('addComment', async (_: HostedRepository, number: number, body: string) =>
    this.say(number, body, 'gatehouse'),
  );
  editComment = this.call('editComment', async (_: HostedRepository, id: number, body: string) => {
    const found = this.said.find((each) => each.id === id);
    if (found) Object.assign(found, { body, updatedAt: new Date().toISOString() });
    return found !== undefined;
  });
  react = this.call('react', async () => undefined);
  mayWrite = this.call('mayWrite', async (_: HostedRepository, login: string) => this.writers.has(login) || undefined);
  credentials = this.call('credentials', async () => ({ username: 'x', password: 'y' }));
  renew = this.call('renew', async () => false);
  missing = this.call('missing', async (): Promise<string[]> => []);
  limit = this.call('limit', async () => undefined);
  webhooks = this.call('webhooks', async () => []);
  createWebhook = this.call('createWebhook', async () => undefined);
  close = this.call('close', async () => undefined);

  /** Comments on a pull request. */
  say(number: number, body: string, author = 'bo'): Comment & { number: number } {
    const at = new Date().toISOString();
    const id = this.said.length + 1;
    const url = `${this.shown!.canonical}/pull/${number}#${id}`;
    const made = { id, number, body, author, bot: author === 'gatehouse', createdAt: at, updatedAt: at, url };
    this.said.push(made);
    return made;
  }

  /** Opens a pull request, as a person does. */
  async addPull(over: Partial<PullRequest> & Pick<PullRequest, 'branch'>): Promise<PullRequest> {
    const number = this.pulls.size + 1;
    const made: PullRequest = {
      number,
      url: `${this.shown!.canonical}/pull/${number}`,
      title: 'A change',
      body: '',
      state: 'open',
      draft: false,
      head: (await this.git.headOf(over.branch)) ?? '',
      base: 'main',
      fork: false,
      author: 'bo',
      mergeable: true,
      updatedAt: new Date(0).toISOString(),
      ...over,
    };
    this.pulls.set(number, made);
    return made;
  }

  /** A pull request as it is now: its head follows its branch. */
  private async current(number: number): Promise<PullRequest | undefined> {
    const pull = this.pulls.get(number);
    if (pull?.state !== 'open' || pull.fork) return pull && { ...pull };
    const head = await this.git.headOf(pull.branch);
    if (head === undefined) Object.assign(pull, { state: 'closed', closedAt: new Date().toISOString() });
    else pull.head = head;
    return { ...pull };
  }

  private async refusalOf(number: number, { head, method }: MergeWish): Promise<MergeAnswer | undefined> {
    const pull = await this.current(number);
    if (pull?.state !== 'open') return { is: 'closed', words: `Pull request is ${pull?.state ?? 'not there'}` };
    if (pull.head !== head) return { is: 'moved' };
    if (pull.draft) return { is: 'draft', words: 'Pull request is still a draft' };
    if (!this.shown!.methods.includes(method)) return { is: 'method', words: `${method} merges are not allowed` };
    const merges = await this.git.merges(pull.base, head);
    return merges ? undefined : { is: 'conflicted', words: 'Pull request is not mergeable' };
  }

  /** Merges a pull request, also as a person by hand. */
  async mergeNow(number: number, method: MergeWish['method'] = 'merge'): Promise<MergeAnswer> {
    const pull = (await this.current(number))!;
    const mergeCommit = await this.git.merge(pull.base, pull.head, method);
    Object.assign(this.pulls.get(number)!, { state: 'merged', mergeCommit });
    return { is: 'merged', commit: mergeCommit };
  }

  /** Wraps an implementation: notes the call, and ends it as the test says. */
  private call<Args extends unknown[], Answer>(
    method: Method,
    answer: (...args: Args) => Promise<Answer>,
  ): (...args: Args) => Promise<Answer> {
    return async (...args) => {
      this.calls.push(method);
      const next = this.failing.get(method)?.shift();
      if (next && !next.after) throw next.failure;
      const given = await answer(...args);
      if (next) throw next.failure;
      return given;
    };
  }
}

/** No answer came. */
export const lostAnswer = (): ForgeUnavailable => new ForgeUnavailable('The forge did not answer');
