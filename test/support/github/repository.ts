import { writeFile, chmod } from 'node:fs/promises';
import path from 'node:path';
import type { GitHttp } from '../git-http.ts';
import { program } from '../programs.ts';

export interface Account {
  id: number;
  login: string;
  type: 'User' | 'Bot';
  /** The App that it belongs to. */
  app?: { id: number; slug: string };
}

export interface Pull {
  number: number;
  branch: string;
  base: string;
  title: string;
  body: string;
  author: Account;
  draft: boolean;
  state: 'open' | 'closed';
  merged: boolean;
  mergeCommit?: string;
  closedAt?: string;
  updatedAt: string;
  /** The head when the branch was last there. */
  head: string;
  /** The owner of the fork that it comes from. */
  fork?: string;
  approvals: number;
  changesRequested: boolean;
  /** How often its mergeability is still unknown, by head and base. */
  computed: Map<string, number>;
  queue?: { position: number; state: string };
  removed?: string;
}

export interface CheckRunRow {
  id: number;
  sha: string;
  name: string;
  status: string;
  conclusion: string | null;
  app: { id: number; slug: string };
  suite: number;
  output: { title?: string | null; summary?: string | null; text?: string | null };
  annotations: { path: string; line: number; message: string }[];
}
export interface JobRow {
  id: number;
  attempt: number;
  name: string;
  conclusion: string | null;
  status: string;
  steps: { name: string; conclusion: string | null; started_at: string; completed_at: string }[];
  log: string;
}
export interface RunRow {
  id: number;
  sha: string;
  workflow: number;
  name: string;
  event: string;
  status: string;
  conclusion: string | null;
  attempt: number;
  suite: number;
  jobs: JobRow[];
}
export interface StatusRow {
  id: number;
  sha: string;
  context: string;
  state: string;
  description: string | null;
  url: string | null;
  by: Account;
}
export interface CommentRow {
  id: number;
  number: number;
  body: string;
  by: Account;
  createdAt: string;
  updatedAt: string;
  reactions: string[];
}
export interface Protection {
  checks?: { context: string; app?: number }[];
  strict?: boolean;
  approvals?: number;
  signatures?: boolean;
  linear?: boolean;
  enforceAdmins?: boolean;
}
export type RuleRow = { type: string; ruleset?: number; bypass?: string; parameters?: object };

/** A repository of the stub. Its commits and branches are those of a real one, which git can clone. */
export class StubRepository {
  archived = false;
  methods = { merge: true, squash: true, rebase: true };
  formerNames: string[] = [];
  pulls: Pull[] = [];
  checkRuns: CheckRunRow[] = [];
  runs: RunRow[] = [];
  statuses: StatusRow[] = [];
  comments: CommentRow[] = [];
  hooks: { id: number; url: string; secret: string; events: string[]; active: boolean }[] = [];
  /** By login. */
  collaborators = new Map<string, 'admin' | 'write' | 'read'>();
  protections = new Map<string, Protection>();
  rules = new Map<string, RuleRow[]>();

  constructor(
    readonly id: number,
    public owner: string,
    public name: string,
    readonly folder: string,
  ) {}

  static async create(git: GitHttp, id: number, owner: string, name: string): Promise<StubRepository> {
    const folder = await git.create(owner, name);
    const repository = new StubRepository(id, owner, name, folder);
    const hook = path.join(folder, 'hooks', 'pre-receive');
    await writeFile(hook, PRE_RECEIVE);
    await chmod(hook, 0o755);
    return repository;
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`;
  }

  async git(...args: string[]): Promise<string> {
    return (await program('git', args, { cwd: this.folder, env: PERSON })).stdout.trim();
  }

  async headOf(branch: string): Promise<string | undefined> {
    const found = await program('git', ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}`], {
      cwd: this.folder,
      reject: false,
    });
    return found.exitCode === 0 ? found.stdout.trim() : undefined;
  }

  /** Commits these files to a branch as a person. A new branch begins at `from`, or at nothing. Returns the commit's id. */
  async commit(
    branch: string,
    files: Record<string, string>,
    { from = 'main' }: { from?: string } = {},
  ): Promise<string> {
    const parent = (await this.headOf(branch)) ?? (await this.headOf(from));
    const index = path.join(this.folder, `index-${Math.random().toString(36).slice(2)}`);
    const env = { ...PERSON, GIT_INDEX_FILE: index };
    const run = async (args: string[], input?: string) =>
      (await program('git', args, { cwd: this.folder, env, ...(input !== undefined && { input }) })).stdout.trim();
    if (parent) await run(['read-tree', parent]);
    for (const [file, text] of Object.entries(files)) {
      const blob = await run(['hash-object', '-w', '--stdin'], text);
      await run(['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`]);
    }
    const tree = await run(['write-tree']);
    const parents = parent ? ['-p', parent] : [];
    const message = `Change ${Object.keys(files).join(', ')}`;
    const commit = await run(['commit-tree', tree, ...parents, '-m', message]);
    await run(['update-ref', `refs/heads/${branch}`, commit]);
    return commit;
  }

  /** What merging would give: a tree, or a conflict. */
  async mergeTree(base: string, head: string): Promise<string | undefined> {
    const merge = await program('git', ['merge-tree', '--write-tree', base, head], { cwd: this.folder, reject: false });
    return merge.exitCode === 0 ? merge.stdout.split('\n')[0]!.trim() : undefined;
  }

  async isAncestor(older: string, newer: string): Promise<boolean> {
    const args = ['merge-base', '--is-ancestor', older, newer];
    return (await program('git', args, { cwd: this.folder, reject: false })).exitCode === 0;
  }

  /** Writes down which branches refuse pushes, for the hook. */
  async protectFromPushes(): Promise<void> {
    const closed = [...this.protections.keys(), ...this.rules.keys()];
    await writeFile(path.join(this.folder, 'closed-branches'), closed.map((name) => `refs/heads/${name}\n`).join(''));
  }
}

const PERSON = {
  GIT_AUTHOR_NAME: 'Bo',
  GIT_AUTHOR_EMAIL: 'bo@shop.example',
  GIT_COMMITTER_NAME: 'Bo',
  GIT_COMMITTER_EMAIL: 'bo@shop.example',
};

const PRE_RECEIVE = `#!/bin/sh
while read -r old new ref; do
  if [ -e closed-branches ] && grep -qxF "$ref" closed-branches; then
    echo "error: GH006: Protected branch update failed for $ref." >&2
    echo "error: Changes must be made through a pull request." >&2
    exit 1
  fi
done
`;
