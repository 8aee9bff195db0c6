import path from 'node:path';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Trash } from '../../files/trash.ts';
import type { Equipping, Onto } from '../../git/checkout.ts';
import { commitOf } from '../../git/commits.ts';
import type { Repository } from '../../git/door.ts';
import { lfsStorage, noteLfs } from '../../git/lfs.ts';
import { PushRefused } from '../../git/refusals.ts';
import { noteIdentity, type Identity } from '../../git/signing.ts';
import { hasSubmodules, noteSubmodules } from '../../git/wire/submodules.ts';
import { fetchLfs, pushLfs } from '../../git/wire/lfs.ts';
import { fetchCommit, fetchRef, refreshOverWire } from '../../git/wire/mirroring.ts';
import { deleteBranch, pushBranch } from '../../git/wire/pushing.ts';
import type { Wire } from '../../git/wire/wire.ts';
import { GitWorkspace, type Source } from '../../git/workspace.ts';
import type { Exclusively } from '../../processes/exclusive.ts';
import type { GitCredentials } from '../api.ts';
import { NotThere, Refused } from '../failures.ts';
import { failureOf, statusOf } from './failures.ts';
import { redirected } from './redirects.ts';
import { addSubmodules } from './submodules.ts';
import { Updates } from './updates.ts';

/** A repository on another machine. `name`: its canonical name, `https://HOST/OWNER/NAME`. */
export interface RemoteSource extends Source {
  /** Where git clones it, without credentials. */
  cloneUrl: string;
  defaultBranch: string;
}

export interface Remote {
  root: string;
  exclusively: Exclusively;
  /** Finds a repository, also under an earlier name. If it cannot be found now, that is a transient failure. */
  source(repository: string): Promise<RemoteSource>;
  /** User name and password for git, narrowed as far as the forge can. Undefined: everybody may read it, without a name. */
  credentials(source: RemoteSource, to: 'read' | 'write'): Promise<GitCredentials | undefined>;
  /** Forgets credentials that the forge has refused. True: others can be had, so git is called once more. */
  renew(source: RemoteSource): Promise<boolean>;
  /** Who makes our commits. Undefined: gatehouse. */
  identity?(source: RemoteSource): Promise<Identity | undefined>;
  /** Whether the configuration file names this repository, so that a submodule of it is fetched with our credentials. */
  names?(repository: string): boolean;
  trash?: Trash | undefined;
  /** How long a caller waits for a copy, in milliseconds. After that, an error says how far git is, and the caller asks again. */
  waitMs?: number | undefined;
  /** How long git may make no progress before it is ended, in milliseconds. */
  stallMs?: number | undefined;
}

/** `isUnnamed`: our credentials are not for this repository. */
type Reached = RemoteSource & { isUnnamed?: boolean };

/** The HTTP status for a body that is larger than the forge takes. */
const TOO_LARGE = 413;

/** How often a call of git is redirected before we give up. */
const REDIRECTS = 3;

/**
 * Works on repositories on another machine, in one bare copy of each on this machine. Every method throws a failure of
 * `failures.ts` if git could not reach the forge, and `StillFetching` while a copy takes longer than callers wait.
 */
export class RemoteWorkspace extends GitWorkspace<RemoteSource> {
  private readonly updates;
  private readonly silenceMs;

  constructor(private readonly remote: Remote) {
    super(remote.root, remote.exclusively, remote.trash);
    this.updates = new Updates(remote.waitMs);
    this.silenceMs = remote.stallMs;
  }

  source = (repository: string): Promise<RemoteSource> => this.remote.source(repository);

  protected override update(copy: Repository, source: RemoteSource): Promise<void> {
    return this.updates.run(source.name, async (limits) => {
      await this.alone(source, copy, async () => {
        limits.signal.throwIfAborted();
        await this.refresh(copy, source, limits);
      });
    });
  }

  protected async refresh(
    copy: Repository,
    source: RemoteSource,
    limits: { signal?: AbortSignal; onOutput?: (text: string) => void } = {},
  ): Promise<void> {
    const { defaultBranch } = source;
    const all = { ...limits, silenceMs: this.silenceMs };
    await refreshOverWire(copy, this.reaching(source, 'read'), { defaultBranch, ...all });
    await noteIdentity(copy, await this.remote.identity?.(source));
  }

  /** Our copy, which one exchange with the forge brings up to date. */
  protected async current(source: RemoteSource, copy: Repository): Promise<Repository> {
    await this.update(copy, source);
    return copy;
  }

  protected override async sought(source: RemoteSource, copy: Repository, commit: string): Promise<boolean> {
    const { silenceMs } = this;
    await fetchCommit(copy, this.reaching(source, 'read'), commit, { silenceMs });
    return (await commitOf(copy, commit)) !== undefined;
  }

  /** Fetches the head of a pull request, also of one from another repository. Undefined: there is no such pull request. */
  async pullRequestHead(repository: string, number: number): Promise<string | undefined> {
    const copy = { gitDir: await this.fetch(repository) };
    return this.headOfPullRequest(copy, repository, number);
  }

  /** The head of a fork's branch is that of its pull request. */
  override async headsIn(copy: Repository, change: Omit<Change, 'basis'>) {
    const heads = await super.headsIn(copy, change);
    const { fork, repository, pullRequest } = change;
    if (!fork || pullRequest === undefined) return heads;
    return { ...heads, head: await this.headOfPullRequest(copy, repository, pullRequest) };
  }

  private async headOfPullRequest(copy: Repository, repository: string, number: number): Promise<string | undefined> {
    const source = await this.source(repository);
    const ref = `refs/pull/${number}/head`;
    const { silenceMs } = this;
    const found = await fetchRef(copy, this.reaching(source, 'read'), ref, { silenceMs });
    return found ? commitOf(copy, ref) : undefined;
  }

  /** Records what checkouts of a repository have, according to its settings. */
  async adopt(
    repository: string,
    { lfs, submodules }: Partial<Record<'lfs' | 'submodules', boolean | undefined>>,
  ): Promise<void> {
    const copy = { gitDir: await this.fetch(repository) };
    await noteLfs(copy, lfs === true ? path.join(copy.gitDir, 'lfs') : undefined);
    await noteSubmodules(copy, submodules === true);
  }

  protected override async equip(
    repository: string,
    copy: Repository,
    commit: string,
    { fork = false }: Onto,
  ): Promise<Equipping> {
    const source = await this.source(repository);
    const { silenceMs } = this;
    if ((await lfsStorage(copy)) !== undefined) {
      await this.reach(source, 'read', (wire) => fetchLfs(copy, wire, commit, { silenceMs }));
    }
    if (!(await hasSubmodules(copy))) return undefined;
    const from = { copy, commit, url: source.cloneUrl };
    return (checkout) => addSubmodules(checkout, from, (url, at) => this.submodule(url, at, !fork));
  }

  /** Our copy of a submodule's repository, with this commit. A fork may name any repository, so it gets no credentials. */
  private async submodule(url: string, commit: string, mayBeNamed: boolean): Promise<Repository> {
    const name = url.replace(/\.git$/, '');
    // A copy that was fetched with our credentials must not answer for a repository that gets none.
    const source: Reached =
      mayBeNamed && this.remote.names?.(name)
        ? await this.source(name)
        : { name: `${name} without credentials`, cloneUrl: url, defaultBranch: 'main', isUnnamed: true };
    const copy = { gitDir: this.copyOf(source.name) };
    const has = async () => (await commitOf(copy, commit).catch(() => undefined)) !== undefined;
    if (await has()) return copy;
    await this.update(copy, source);
    if ((await has()) || (await this.sought(source, copy, commit))) return copy;
    throw new NotThere(`The repository ${name} does not have the commit ${commit}, which a submodule names.`);
  }

  /** Pushes, by fast-forward only. Throws `PushRefused` if a rule of the forge forbids it. */
  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const source = await this.source(repository);
    const copy = { gitDir: this.copyOf(source.name) };
    const { silenceMs } = this;
    const storage = await lfsStorage(copy);
    const moved = this.reach(source, 'write', async (wire) => {
      if (storage !== undefined) await pushLfs(copy, wire, { next, storage }, { silenceMs });
      return pushBranch(copy, wire, { branch, next, before }, { silenceMs });
    });
    return moved.catch((failure: unknown) => {
      throw failure instanceof Refused && failure.status === TOO_LARGE ? new PushRefused(failure.words) : failure;
    });
  }

  /** A branch that has moved stays. Throws `PushRefused` if a rule of the forge keeps it. */
  async remove(repository: string, branch: string, commit: string): Promise<void> {
    const source = await this.source(repository);
    const copy = { gitDir: this.copyOf(source.name) };
    const { silenceMs } = this;
    await this.reach(source, 'write', (wire) => deleteBranch(copy, wire, { branch, commit }, { silenceMs }));
  }

  /** Orderly stop: ends what git is fetching. The next worker goes on with it. */
  close = (): Promise<void> => this.updates.close();

  private reaching(source: Reached, to: 'read' | 'write') {
    return (use: (wire: Wire) => Promise<void>): Promise<void> => this.reach(source, to, use);
  }

  /**
   * Has git talk to the forge. Refused credentials are renewed once. A redirect is followed, with the credentials only
   * within the same host and port.
   */
  private async reach<T>(source: Reached, to: 'read' | 'write', use: (wire: Wire) => Promise<T>): Promise<T> {
    const doing = `git ${to === 'read' ? 'fetch from' : 'push to'} ${source.cloneUrl}`;
    const login = () => (source.isUnnamed ? undefined : this.remote.credentials(source, to));
    let wire: Wire = { url: source.cloneUrl, login: await login() };
    let renewed = false;
    for (let redirects = 0; ;) {
      try {
        return await use(wire);
      } catch (failure) {
        const status = statusOf(failure);
        if (status === 401 && !renewed && wire.login && (await this.remote.renew(source))) {
          renewed = true;
          wire = { ...wire, login: await login() };
          continue;
        }
        const isLed = status !== undefined && status >= 300 && status < 400 && redirects < REDIRECTS;
        const next = isLed ? await redirected(wire).catch(() => undefined) : undefined;
        if (next === undefined) throw failureOf(failure, doing);
        redirects += 1;
        wire = next;
      }
    }
  }
}
