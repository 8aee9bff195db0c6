import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commitOf } from '../../../../activities/adapters/git/commits.ts';
import { git as door } from '../../../../activities/adapters/git/door.ts';
import type { Begun } from '../../../../activities/adapters/git/settling/checkout.ts';
import { settle, type Settled, type Settling } from '../../../../activities/adapters/git/settling/settling.ts';
import { workspaceIn } from '../../../support/local.ts';
import { program } from '../../../support/programs.ts';

/** An environment for agents' and people's git without any setting of this machine. */
export const PERSON = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Agent',
  GIT_AUTHOR_EMAIL: 'agent@shop.example',
  GIT_COMMITTER_NAME: 'Agent',
  GIT_COMMITTER_EMAIL: 'agent@shop.example',
  GIT_CONFIG_COUNT: '3',
  GIT_CONFIG_KEY_0: 'advice.detachedHead',
  GIT_CONFIG_VALUE_0: 'false',
  GIT_CONFIG_KEY_1: 'init.defaultBranch',
  GIT_CONFIG_VALUE_1: 'main',
  GIT_CONFIG_KEY_2: 'protocol.file.allow',
  GIT_CONFIG_VALUE_2: 'always',
};

export const run = async (cwd: string, script: string): Promise<string> =>
  (await program('/bin/sh', ['-ec', script], { cwd, env: PERSON })).stdout;

/** A person's repository, and checkouts of it in a data folder that is inside of another repository. */
export class Shop {
  private constructor(
    readonly home: string,
    readonly repository: string,
    readonly workspace: ReturnType<typeof workspaceIn>,
  ) {}

  static async create(script: string): Promise<Shop> {
    const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-settling-'));
    const repository = path.join(home, 'shop');
    await mkdir(repository);
    await run(repository, `git init -q -b main; ${script}\ngit add -A; git commit -qm base`);
    await mkdir(path.join(home, 'outer'));
    await run(
      path.join(home, 'outer'),
      'git init -q -b main; echo dots > .bashrc; git add -A; git commit -qm dotfiles',
    );
    return new Shop(home, repository, workspaceIn(path.join(home, 'outer', 'data')));
  }

  /** Uses rm(1), because agents leave files that Node cannot remove. */
  remove = () => program('rm', ['-rf', this.home]);

  /** Makes a checkout for an agent: of `work` if that branch exists, with an open merge of main for a resolver. */
  async begin(name: string, { resolve = false } = {}): Promise<Settling & { message: string }> {
    const { repository, workspace, home } = this;
    const folder = path.join(home, 'outer', 'data', 'jobs', name);
    const tree = path.join(folder, 'tree');
    const before = await workspace.headOf(repository, 'work');
    const base = (await workspace.headOf(repository, 'main'))!;
    const start = before ?? base;
    await workspace.checkout(repository, start, tree, { branch: 'work' });
    let begun: Begun = { start };
    if (resolve) {
      const here = { gitDir: path.join(tree, '.git'), workTree: tree };
      await door(here, ['merge', '--no-commit', '--no-ff', base], { kind: 'checkout', okCodes: [0, 1] });
      begun = { start, merging: { base, files: [], clean: false } };
    }
    await writeFile(path.join(folder, 'told.json'), '{}');
    return {
      tree,
      begun,
      copy: { gitDir: await workspace.fetch(repository) },
      scratch: path.join(folder, 'settling.git'),
      keep: { folder: path.join(home, 'outer', 'data', 'bundles'), name },
      message: 'coder: T-1 A task',
    };
  }

  /** Lets an agent work, and settles what it leaves. */
  async settle(name: string, script: string, options: { resolve?: boolean } = {}): Promise<Settled> {
    const { message, ...settling } = await this.begin(name, options);
    await run(settling.tree, script);
    return settle(settling, message);
  }

  /** The files of the result, with their modes. */
  async filesOf(settled: Settled): Promise<Record<string, string>> {
    if (settled.is !== 'made') return {};
    const args = ['ls-tree', '-r', '-z', '--full-tree', settled.commit];
    const copy = { gitDir: await this.workspace.fetch(this.repository) };
    const entries = (await door(copy, args)).stdout.split('\0').filter(Boolean);
    return Object.fromEntries(entries.map((entry) => [entry.slice(entry.indexOf('\t') + 1), entry.slice(0, 6)]));
  }

  async textOf(settled: Settled, file: string): Promise<string | undefined> {
    if (settled.is !== 'made') return undefined;
    const copy = { gitDir: await this.workspace.fetch(this.repository) };
    if (!(await commitOf(copy, settled.commit))) return undefined;
    const { stdout, code } = await door(copy, ['cat-file', 'blob', `${settled.commit}:${file}`], { okCodes: [0, 128] });
    return code === 0 ? stdout : undefined;
  }

  outer = () => run(path.join(this.home, 'outer'), 'git log --format=%s --all; git status --short -- .bashrc');

  /** All refs of the person's repository. */
  refs = () => run(this.repository, 'git for-each-ref; git rev-parse HEAD; git status --short');
}
