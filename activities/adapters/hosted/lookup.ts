import type { HostedApi, HostedBranch, HostedRepository, PullRequest } from './api.ts';
import { NotThere } from './failures.ts';
import type { RemoteSource } from './git/workspace.ts';
import { named, shown } from './names.ts';

/** How long an answer about a repository or a branch's rules serves, in milliseconds. */
const FRESH_MS = 60_000;
/** How long a pull request serves for what follows from a look at it, in milliseconds. */
const MOMENT_MS = 2_000;
const MOST = 1_000;

/** Repositories and branches of a forge, asked for once a minute, because every call is about one. */
export class Lookup {
  private readonly repositories = new Map<string, Known<HostedRepository>>();
  private readonly pullRequests = new Map<string, Known<PullRequest>>();
  private readonly branches = new Map<string, Known<HostedBranch | undefined>>();

  constructor(
    private readonly api: HostedApi,
    /** Called when a repository has another name than it was asked for by. */
    private readonly renamed: (before: string, now: string) => Promise<void>,
  ) {}

  /**
   * A repository of a run, by its canonical name. A new name of it is followed. Throws `NotThere` if the forge no longer
   * shows it to us, because it may come back.
   */
  async repository(name: string): Promise<HostedRepository> {
    const found = fresh(this.repositories.get(name)) ?? (await this.find(name));
    if (found) return found;
    throw new NotThere(`${this.api.vendor} shows us no repository at ${shown(name)}`);
  }

  /** Asks for a repository anew. Undefined: there is none, or we may not see it. */
  async find(name: string): Promise<HostedRepository | undefined> {
    const read = named(name, this.api.address);
    if (read.is !== 'place') return undefined;
    const found = await this.api.repository(read.place);
    if (!found) return undefined;
    if (found.canonical !== name) await this.renamed(name, found.canonical);
    remember(this.repositories, name, found);
    remember(this.repositories, found.canonical, found);
    return found;
  }

  /** A branch with its rules. Its head may be a minute old. */
  async branch(repository: HostedRepository, name: string): Promise<HostedBranch | undefined> {
    const key = `${repository.canonical} ${name}`;
    const known = this.branches.get(key);
    if (known && known.until > Date.now()) return known.value;
    const found = await this.api.branch(repository, name);
    remember(this.branches, key, found);
    return found;
  }

  /**
   * A pull request as it is now. With `maybeOld`, as it was a moment ago: one poll of a run asks several times. Undefined:
   * there is none.
   */
  async pullRequest(
    repository: HostedRepository,
    number: number,
    { maybeOld = false } = {},
  ): Promise<PullRequest | undefined> {
    const key = `${repository.canonical} ${number}`;
    const known = maybeOld ? fresh(this.pullRequests.get(key)) : undefined;
    if (known) return known;
    const found = await this.api.pullRequest(repository, number);
    if (found) remember(this.pullRequests, key, found, MOMENT_MS);
    return found;
  }

  /** The rules may have changed: they are read anew. */
  forgetBranch(repository: HostedRepository, name: string): void {
    this.branches.delete(`${repository.canonical} ${name}`);
  }

  source = async (name: string): Promise<RemoteSource> => {
    const { canonical, cloneUrl, defaultBranch } = await this.repository(name);
    return { name: canonical, cloneUrl, defaultBranch };
  };
}

interface Known<Of> {
  value: Of;
  until: number;
}

const fresh = <Of>(known: Known<Of> | undefined): Of | undefined =>
  known && known.until > Date.now() ? known.value : undefined;

function remember<Of>(known: Map<string, Known<Of>>, key: string, value: Of, ms = FRESH_MS): void {
  if (known.size >= MOST) known.clear();
  known.set(key, { value, until: Date.now() + ms });
}
