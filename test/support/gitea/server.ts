import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Service } from '../cluster/service.ts';
import { removeFolder } from '../folders.ts';
import { freePort } from '../ports.ts';
import { program } from '../programs.ts';
import { builtGitea, type GiteaProgram } from './program.ts';

/** An account, and one of its tokens. */
export interface Account {
  login: string;
  password: string;
  token: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The JSON of the answer, or its text if it is none. */
  body: any;
}

export interface Call {
  /** Default: the administrator. `null`: nobody. */
  as?: { token: string } | null;
  /** By name and password instead, which is the only way to tokens. */
  basic?: { login: string; password: string };
  body?: unknown;
}

/** What its people may do with gatehouse: read themselves, work on repositories, and comment. */
export const SCOPES = ['read:user', 'write:repository', 'write:issue'];

/** A real Gitea in a folder and on a port of its own, with SQLite and Actions. It can be stopped, killed and restarted. */
export class GiteaServer {
  private readonly accounts = new Map<string, Account>();
  admin!: { login: string; token: string };

  private constructor(
    private readonly program: GiteaProgram,
    readonly folder: string,
    readonly port: number,
    private readonly service: Service,
  ) {}

  /** Starts one. `lines` are added to its configuration, such as `['[repository]', 'ENABLE_PUSH_CREATE_USER = true']`. */
  static async start(lines: readonly string[] = []): Promise<GiteaServer> {
    const found = await builtGitea();
    if (found === undefined) throw new Error('Gitea was not built yet: run `npm run test:forges`.');
    const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-gitea-'));
    const port = await freePort();
    const [home, log] = [path.join(folder, 'home'), path.join(folder, 'gitea.log')];
    await mkdir(home);
    await writeFile(path.join(folder, 'app.ini'), settings(found, { folder, port, lines }));
    // Nothing of the machine's own configuration of git and Gitea applies.
    const env = { PATH: process.env['PATH'], HOME: home, GITEA_WORK_DIR: folder, USER: process.env['USER'] };
    const args = ['--config', path.join(folder, 'app.ini'), 'web'];
    const service = new Service({ name: 'Gitea', command: found.file, args, env, cwd: folder, log });
    const server = new GiteaServer(found, folder, port, service);
    try {
      await server.begin(env);
    } catch (failure) {
      await server.stop();
      throw failure;
    }
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private async begin(env: NodeJS.ProcessEnv): Promise<void> {
    const gitea = (...args: string[]) =>
      program(this.program.file, ['--config', path.join(this.folder, 'app.ini'), ...args], { env, cwd: this.folder });
    await gitea('migrate');
    const about = ['--username', 'operator', '--email', 'operator@forge.example', '--random-password', '--admin'];
    const token = ['--access-token', '--access-token-name', 'operator', '--access-token-scopes', 'all'];
    const { stdout } = await gitea('admin', 'user', 'create', ...about, '--must-change-password=false', ...token);
    this.admin = { login: 'operator', token: /created\.\.\. ([0-9a-f]{40})/.exec(stdout)![1]! };
    await this.restart();
  }

  /** Starts it again, after `kill` or `halt`. */
  async restart(): Promise<void> {
    await this.service.launch();
    await this.service.ready(async () => (await fetch(`${this.address}/api/healthz`)).ok);
  }

  /** As a power failure would. */
  kill = (): Promise<void> => this.service.signal('SIGKILL');
  halt = (): Promise<void> => this.service.stop();

  async stop(): Promise<void> {
    await this.halt();
    await removeFolder(this.folder);
  }

  log = (): Promise<string> => readFile(path.join(this.folder, 'gitea.log'), 'utf8');

  /** Calls the API, and returns whatever it answers. */
  async call(method: string, where: string, { as = this.admin, basic, body }: Call = {}): Promise<Answer> {
    const named = basic && Buffer.from(`${basic.login}:${basic.password}`).toString('base64');
    const authorization = named !== undefined ? `Basic ${named}` : as && `token ${as.token}`;
    const response = await fetch(`${this.address}/api/v1${where}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(authorization && { authorization }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: jsonOr(text) };
  }

  /** Calls the API, and throws unless it answers 2xx. A database that is locked for a moment is asked again. */
  async do(method: string, where: string, call: Call = {}): Promise<any> {
    for (let left = 5; ; left--) {
      const { status, body } = await this.call(method, where, call);
      if (status >= 200 && status < 300) return body;
      const busy = status >= 500 && /database is locked/.test(JSON.stringify(body));
      if (!busy || left === 0) throw new Error(`${method} ${where}: ${status} ${JSON.stringify(body)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** The account with this name, made when it is first asked for. */
  async account(login: string): Promise<Account> {
    const known = this.accounts.get(login);
    if (known) return known;
    const password = randomBytes(12).toString('hex');
    const about = { username: login, email: `${login}@forge.example`, full_name: `${login} of the shop` };
    await this.do('POST', '/admin/users', { body: { ...about, password, must_change_password: false } });
    const account = await this.withToken({ login, password }, SCOPES);
    this.accounts.set(login, account);
    return account;
  }

  /** The account with another token, of these scopes. */
  async narrowed(login: string, scopes: readonly string[]): Promise<Account> {
    return this.withToken(await this.account(login), scopes);
  }

  private async withToken(who: { login: string; password: string }, scopes: readonly string[]): Promise<Account> {
    const body = { name: randomBytes(4).toString('hex'), scopes };
    const { sha1: token } = await this.do('POST', `/users/${who.login}/tokens`, { basic: who, body });
    return { ...who, token };
  }

  /** Deletes the account's token. */
  async revoke(who: Account): Promise<void> {
    const tokens: { id: number; token_last_eight: string }[] = await this.do('GET', `/users/${who.login}/tokens`, {
      basic: who,
    });
    const { id } = tokens.find(({ token_last_eight: end }) => who.token.endsWith(end))!;
    await this.do('DELETE', `/users/${who.login}/tokens/${id}`, { basic: who });
  }
}

interface Place {
  folder: string;
  port: number;
  lines: readonly string[];
}

const settings = ({ files }: GiteaProgram, { folder, port, lines }: Place): string =>
  [
    'RUN_MODE = prod',
    `WORK_PATH = ${folder}`,
    ...(process.getuid?.() === 0 ? ['I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true'] : []),
    '[server]',
    'HTTP_ADDR = 127.0.0.1',
    `HTTP_PORT = ${port}`,
    `ROOT_URL = http://127.0.0.1:${port}/`,
    `STATIC_ROOT_PATH = ${files}`,
    'DISABLE_SSH = true',
    'OFFLINE_MODE = true',
    'LFS_START_SERVER = true',
    `LFS_JWT_SECRET = ${randomBytes(32).toString('base64url')}`,
    '[database]',
    'DB_TYPE = sqlite3',
    `PATH = ${path.join(folder, 'gitea.db')}`,
    '[security]',
    'INSTALL_LOCK = true',
    `SECRET_KEY = ${randomBytes(20).toString('hex')}`,
    'PASSWORD_HASH_ALGO = pbkdf2_hi',
    '[oauth2]',
    `JWT_SECRET = ${randomBytes(32).toString('base64url')}`,
    '[service]',
    'DISABLE_REGISTRATION = true',
    '[webhook]',
    'ALLOWED_HOST_LIST = loopback',
    '[actions]',
    'ENABLED = true',
    '[cron.update_checker]',
    'ENABLED = false',
    '[log]',
    'MODE = console',
    'LEVEL = Warn',
    ...lines,
    '',
  ].join('\n');

const jsonOr = (text: string): unknown => {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
};
