import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RemoteWorkspace, type Remote } from '../../activities/adapters/hosted/git/workspace.ts';
import { exclusivelyIn } from '../../activities/adapters/processes/exclusive.ts';
import { removeFolder } from './folders.ts';
import { GitHttp } from './git-http.ts';
import { program } from './programs.ts';
import { stateIn } from './state/databases.ts';

/** The credentials that the server admits, unless a test says otherwise. */
export const LOGIN = { username: 'x-access-token', password: 'planted-token-5d1f' };

/** A git server with the repository `acme/shop`, a person's clone of it, and workspaces that use it over HTTP. */
export class RemoteShop {
  readonly opened: RemoteWorkspace[] = [];
  login = LOGIN;
  renewals = 0;
  private workers = 0;

  private constructor(
    readonly home: string,
    readonly http: GitHttp,
    readonly address: string,
    /** The person's clone. */
    readonly clone: string,
    /** The repository on the server's disk. */
    readonly bare: string,
  ) {}

  static async create(): Promise<RemoteShop> {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'gatehouse-remote-')));
    const http = new GitHttp(path.join(home, 'served'));
    const bare = await http.create('acme', 'shop');
    const address = await http.listen();
    const clone = path.join(home, 'clone');
    await mkdir(clone);
    const shop = new RemoteShop(home, http, address, clone, bare);
    http.admits = (login) =>
      login?.username === shop.login.username && login.password === shop.login.password ? 200 : 401;
    await shop.sh(`git init --quiet --initial-branch main; git remote add origin '${bare}'`);
    await shop.commit('a.txt', 'a', 'main');
    return shop;
  }

  get url(): string {
    return `${this.address}/acme/shop.git`;
  }

  get name(): string {
    return `${this.address}/acme/shop`;
  }

  /** Runs a shell script in the person's clone. */
  async sh(script: string, cwd = this.clone): Promise<string> {
    const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', ...PERSON };
    return (await program('/bin/sh', ['-ec', script], { cwd, env })).stdout;
  }

  /** Commits a file as the person, pushes it to the branch on the server, and returns the commit. */
  async commit(file: string, text: string, branch: string, from = 'HEAD'): Promise<string> {
    await this.sh(`
      git checkout --quiet -B '${branch}' ${from === 'HEAD' ? '' : `'${from}'`}
      mkdir -p "$(dirname '${file}')"; printf '%s\\n' '${text}' > '${file}'
      git add --all; git commit --quiet -m 'writes ${file}'
      git push --quiet --force origin '${branch}'`);
    return this.sh('git rev-parse HEAD');
  }

  at = (ref: string): Promise<string> => this.sh(`git rev-parse --verify --quiet '${ref}' || echo none`, this.bare);

  /** A worker's workspace. Each has the same data folder, unless it is given another. */
  open(over: Partial<Remote> = {}, data = 'data'): RemoteWorkspace {
    const root = path.join(this.home, data);
    const workspace = new RemoteWorkspace({
      root,
      exclusively: exclusivelyIn(root, stateIn(root)),
      source: async () => ({ name: this.name, cloneUrl: this.url, defaultBranch: 'main' }),
      credentials: async () => this.login,
      renew: async () => {
        this.renewals += 1;
        return false;
      },
      ...over,
    });
    this.opened.push(workspace);
    return workspace;
  }

  /** Starts another worker, a process of its own, which fetches the repository and ends. `ended`: with its exit code. */
  async startWorker(): Promise<{ worker: ChildProcess; ended: Promise<number | null> }> {
    const of = (file: string) => JSON.stringify(fileURLToPath(new URL(`../../${file}`, import.meta.url)));
    const source = { name: this.name, cloneUrl: this.url, defaultBranch: 'main' };
    const code = `import { RemoteWorkspace } from ${of('activities/adapters/hosted/git/workspace.ts')};
      import { exclusivelyIn } from ${of('activities/adapters/processes/exclusive.ts')};
      import { stateIn } from ${of('test/support/state/databases.ts')};
      const root = ${JSON.stringify(path.join(this.home, 'data'))};
      const workspace = new RemoteWorkspace({ root, exclusively: exclusivelyIn(root, stateIn(root)),
        source: async () => (${JSON.stringify(source)}), credentials: async () => (${JSON.stringify(this.login)}),
        renew: async () => false });
      console.log('begun');
      await workspace.fetch(${JSON.stringify(this.name)});
      process.exit(0);`;
    const file = path.join(this.home, `worker-${(this.workers += 1)}.mts`);
    await writeFile(file, code);
    const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => worker.once('exit', resolve));
    await new Promise((resolve) => worker.stdout.once('data', resolve));
    return { worker, ended };
  }

  /** The arguments of git processes that talk to this server. */
  async gitProcesses(): Promise<string[]> {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    return all.filter((args) => /^(?:\S*\/)?git/.test(args) && args.includes(this.address));
  }

  async close(): Promise<void> {
    for (const workspace of this.opened) await workspace.close();
    await this.http.close();
    await removeFolder(this.home);
  }
}

const PERSON = {
  GIT_AUTHOR_NAME: 'Ana',
  GIT_AUTHOR_EMAIL: 'ana@shop.example',
  GIT_COMMITTER_NAME: 'Ana',
  GIT_COMMITTER_EMAIL: 'ana@shop.example',
};
