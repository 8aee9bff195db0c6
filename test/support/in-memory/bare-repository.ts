import { program } from '../programs.ts';

const AS = ['-c', 'user.name=The Forge', '-c', 'user.email=forge@forge.example'];

/** A bare repository on disk, with what a forge does in it. */
export class BareRepository {
  constructor(readonly folder: string) {}

  async headOf(branch: string): Promise<string | undefined> {
    return (await this.run('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`)) || undefined;
  }

  async exists(commit: string, file: string): Promise<boolean> {
    return (await this.answer('cat-file', '-e', `${commit}:${file}`)) !== undefined;
  }

  fileAt = (commit: string, file: string): Promise<string | undefined> => this.answer('show', `${commit}:${file}`);

  isAncestor = async (older: string, newer: string): Promise<boolean> =>
    (await this.answer('merge-base', '--is-ancestor', older, newer)) !== undefined;

  /** Whether a head merges into a base without a conflict. */
  merges = async (base: string, head: string): Promise<boolean> => (await this.mergeTree(base, head)) !== undefined;

  /** Merges a head into a base branch, as forges do. Returns the base's new head. */
  async merge(base: string, head: string, method: 'merge' | 'squash' | 'rebase'): Promise<string> {
    const before = await this.headOf(base);
    const tree = await this.mergeTree(base, head);
    if (before === undefined || tree === undefined) throw new Error(`${head} does not merge into ${base}.`);
    const parents = method === 'merge' ? ['-p', before, '-p', head] : ['-p', before];
    const commit = await this.run(...AS, 'commit-tree', tree, ...parents, '-m', `${method} ${head}`);
    await this.run('update-ref', `refs/heads/${base}`, commit, before);
    return commit;
  }

  async remove(branch: string): Promise<boolean> {
    const head = await this.headOf(branch);
    if (head !== undefined) await this.run('update-ref', '-d', `refs/heads/${branch}`, head);
    return head !== undefined;
  }

  /** Sets a branch back by force, as a person does. */
  async reset(branch: string, commit: string): Promise<void> {
    await this.run('update-ref', `refs/heads/${branch}`, commit);
  }

  private async mergeTree(base: string, head: string): Promise<string | undefined> {
    return (await this.answer('merge-tree', '--write-tree', '--no-messages', `refs/heads/${base}`, head))?.split(
      '\n',
    )[0];
  }

  private run = async (...args: string[]): Promise<string> => (await program('git', args, { cwd: this.folder })).stdout;

  /** The output of git. Undefined: it says no. */
  private async answer(...args: string[]): Promise<string | undefined> {
    const { exitCode, stdout } = await program('git', args, { cwd: this.folder, reject: false });
    return exitCode === 0 ? stdout : undefined;
  }
}
