import { program } from '../programs.ts';
import { until } from '../until.ts';
import type { Account, GiteaServer } from './server.ts';

export interface Commit {
  branch?: string;
  /** Made from `branch`, which stays as it is. */
  newBranch?: string;
  /** Texts by path; null deletes a file. */
  files: Record<string, string | null>;
  message?: string;
  /** Default: the account. */
  author?: { name: string; email: string };
  as?: Account;
}

/** A repository on a real Gitea, in the verbs of its people. Its owner acts unless another account is named. */
export class GiteaRepository {
  private constructor(
    readonly server: GiteaServer,
    readonly owner: Account,
    readonly name: string,
  ) {}

  /** Makes one with a first commit on `main`. */
  static async create(
    server: GiteaServer,
    owner: string,
    name: string,
    { files = {}, open = false }: { files?: Record<string, string>; open?: boolean } = {},
  ): Promise<GiteaRepository> {
    const account = await server.account(owner);
    const about = { name, auto_init: true, default_branch: 'main', private: !open };
    await server.do('POST', `/admin/users/${owner}/repos`, { body: about });
    const repository = new GiteaRepository(server, account, name);
    if (Object.keys(files).length > 0) await repository.commit({ files });
    return repository;
  }

  get path(): string {
    return `/repos/${this.owner.login}/${this.name}`;
  }

  get address(): string {
    return `${this.server.address}/${this.owner.login}/${this.name}`;
  }

  /** Calls the API below the repository, as its owner. Throws unless it answers 2xx. */
  do = (method: string, where: string, body?: unknown, as: { token: string } = this.owner): Promise<any> =>
    this.server.do(method, `${this.path}${where}`, { as, body });

  /** Commits files without git. Returns the new commit. */
  async commit({
    branch = 'main',
    newBranch,
    files,
    message = 'A commit',
    author,
    as = this.owner,
  }: Commit): Promise<string> {
    const changes = await Promise.all(
      Object.entries(files).map(async ([path, text]) => {
        const there = await this.server.call('GET', `${this.path}/contents/${path}?ref=${encodeURIComponent(branch)}`);
        const sha = there.status === 200 ? (there.body.sha as string) : undefined;
        if (text === null) return { operation: 'delete', path, sha };
        const content = Buffer.from(text).toString('base64');
        return { operation: sha === undefined ? 'create' : 'update', path, content, ...(sha !== undefined && { sha }) };
      }),
    );
    const body = {
      branch,
      ...(newBranch !== undefined && { new_branch: newBranch }),
      message,
      ...(author && { author, committer: author }),
      files: changes,
    };
    return (await this.do('POST', '/contents', body, as)).commit.sha;
  }

  head = async (branch = 'main'): Promise<string> => (await this.do('GET', `/branches/${branch}`)).commit.id;

  /** Opens a pull request, and waits until Gitea has looked whether it can be merged. Returns its number. */
  async open(branch: string, { base = 'main', title = 'A change', body = '', as = this.owner } = {}): Promise<number> {
    const { number } = await until(`a pull request of ${branch}`, async () => {
      const wish = { as, body: { head: branch, base, title, body } };
      const answer = await this.server.call('POST', `${this.path}/pulls`, wish);
      if (answer.status === 201) return answer.body as { number: number };
      // A branch is unknown for a moment after its push.
      if (answer.status !== 404) throw new Error(`No pull request: ${answer.status} ${JSON.stringify(answer.body)}`);
      return undefined;
    });
    return number;
  }

  pullRequest = (number: number): Promise<any> => this.do('GET', `/pulls/${number}`);

  /** Waits until Gitea says that the pull request can be merged. */
  mergeable = (number: number) =>
    until(`#${number} to be mergeable`, async () => (await this.pullRequest(number)).mergeable === true);

  /** Merges by hand. */
  async merge(number: number, { as = this.owner, method = 'merge' } = {}): Promise<void> {
    await until(`#${number} to be merged`, async () => {
      const answer = await this.server.call('POST', `${this.path}/pulls/${number}/merge`, { as, body: { Do: method } });
      if (answer.status === 200) return true;
      if (!/try again later/.test(JSON.stringify(answer.body))) throw new Error(JSON.stringify(answer.body));
      return undefined;
    });
  }

  edit = (number: number, change: object, as: Account = this.owner) => this.do('PATCH', `/pulls/${number}`, change, as);

  review = (number: number, event: 'APPROVED' | 'REQUEST_CHANGES' | 'COMMENT', as: Account, body = 'A review') =>
    this.do('POST', `/pulls/${number}/reviews`, { event, body }, as);

  comment = (number: number, body: string, as: Account = this.owner): Promise<{ id: number }> =>
    this.do('POST', `/issues/${number}/comments`, { body }, as);

  /** Protects branches. `rule` is Gitea's own, such as `{ required_approvals: 1 }`. Default: nobody may push. */
  protect = (branch: string, rule: object = {}) =>
    this.do('POST', '/branch_protections', { rule_name: branch, ...rule });
  unprotect = (branch: string) => this.do('DELETE', `/branch_protections/${encodeURIComponent(branch)}`);

  async collaborator(login: string, permission: 'read' | 'write' | 'admin'): Promise<Account> {
    const account = await this.server.account(login);
    await this.do('PUT', `/collaborators/${login}`, { permission });
    return account;
  }

  status = (sha: string, context: string, state: string, more: object = {}) =>
    this.do('POST', `/statuses/${sha}`, { context, state, ...more });

  webhook = (url: string, secret: string, events: readonly string[]) =>
    this.do('POST', '/hooks', {
      type: 'gitea',
      active: true,
      events,
      config: { url, content_type: 'json', secret },
    });

  /** The account's fork of this repository. */
  async fork(login: string): Promise<GiteaRepository> {
    const account = await this.server.account(login);
    await this.do('POST', '/forks', {}, account);
    const fork = new GiteaRepository(this.server, account, this.name);
    await until(`the fork of ${login}`, async () => (await fork.do('GET', '')).empty === false);
    return fork;
  }

  /** Gives it another name. The old one leads to it. */
  async rename(name: string): Promise<GiteaRepository> {
    await this.do('PATCH', '', { name });
    return new GiteaRepository(this.server, this.owner, name);
  }

  archive = (archived = true) => this.do('PATCH', '', { archived });

  /** Runs git in a folder, with the credentials of an account. */
  async git(folder: string, args: readonly string[], as: Account = this.owner): Promise<string> {
    const header = `Authorization: Basic ${Buffer.from(`${as.login}:${as.token}`).toString('base64')}`;
    const env = {
      GIT_TERMINAL_PROMPT: '0',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${this.server.address}/.extraHeader`,
      GIT_CONFIG_VALUE_0: header,
    };
    return (await program('git', args, { cwd: folder, env })).stdout;
  }
}
