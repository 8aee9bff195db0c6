import { commitId, isNothing } from '../../activities/adapters/git/commits.ts';
import { git, type Repository } from '../../activities/adapters/git/door.ts';
import { refresh } from '../../activities/adapters/git/mirror.ts';
import { fetchFrom } from '../../activities/adapters/git/transfer.ts';
import { GitWorkspace } from '../../activities/adapters/git/workspace.ts';
import type { Remote, RemoteSource } from '../../activities/adapters/hosted/git/workspace.ts';

/** Works on bare repositories on this machine as on those of a hosted forge, without git over HTTP. */
export class BareWorkspace extends GitWorkspace<RemoteSource> {
  constructor(private readonly remote: Pick<Remote, 'root' | 'exclusively' | 'source'>) {
    super(remote.root, remote.exclusively);
  }

  source = (repository: string): Promise<RemoteSource> => this.remote.source(repository);

  protected refresh = (copy: Repository, source: RemoteSource): Promise<void> =>
    refresh(copy, { ...bare(source), commonDir: source.cloneUrl });

  protected current = async (source: RemoteSource): Promise<Repository> => bare(source);

  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const source = await this.source(repository);
    await fetchFrom(bare(source), this.copyOf(source.name), [commitId(next)]);
    const args = ['update-ref', `refs/heads/${branch}`, next, isNothing(before) ? '' : before];
    return (await git(bare(source), args, { kind: 'write', okCodes: [0, 1, 128] })).code === 0;
  }

  async remove(repository: string, branch: string, commit: string): Promise<void> {
    const args = ['update-ref', '-d', `refs/heads/${branch}`, commit];
    await git(bare(await this.source(repository)), args, { kind: 'write' });
  }
}

const bare = ({ cloneUrl }: RemoteSource): Repository => ({ gitDir: cloneUrl });
