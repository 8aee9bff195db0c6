import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GitHttp } from '../git-http.ts';
import { appOf, authorize, newApp, type Access, type StubApp } from './access.ts';
import type { Site } from './answers.ts';
import { checkAnswer, checkRequest, isDescribed } from './contract.ts';
import { operations } from './operations/index.ts';
import { StubRepository, type Account } from './repository.ts';
import { match, notFound, Refusal, type Call, type Reply } from './routing.ts';

/** What goes wrong with a call, instead of its answer or after it. */
export interface Trouble {
  status?: number;
  headers?: Record<string, string>;
  /** A JSON body, or a text. */
  body?: unknown;
  /** The connection is reset before anything is done. */
  reset?: boolean;
  /** The call takes effect, but its answer is lost. */
  lost?: boolean;
  slowMs?: number;
}
export interface Seen {
  method: string;
  path: string;
  query: string;
  status: number;
  headers: IncomingMessage['headers'];
  body: unknown;
  account: string | undefined;
}

const LIFETIME_MS = 3_600_000;

/**
 * GitHub as gatehouse uses it: the REST API of its published description, the GraphQL that we ask, git, webhooks, and the
 * rules that GitHub documents. Requests and answers are checked against that description.
 */
export class GithubStub implements Site {
  readonly repositories: StubRepository[] = [];
  readonly accounts = new Map<string, Account>();
  readonly apps: StubApp[] = [];
  readonly access = new Map<string, Access>();
  /** All calls of the API. */
  readonly calls: Seen[] = [];
  /** The merges that took place, as `owner/name#number`. */
  readonly merges: string[] = [];
  /** Requests that GitHub's description does not allow, and answers of ours that it does not know. */
  readonly breaches: string[] = [];
  /** Webhooks that were sent. */
  readonly deliveries: { url: string; event: string; status: number }[] = [];
  /** How many calls the rate limit has counted. */
  counted = 0;
  trouble: ((call: { method: string; path: string; body: any }) => Trouble | undefined) | undefined;
  /** By the name in `Access.limit`. */
  limits = new Map<string, { of: number; left: number; reset: number }>();
  mostPerPage = 100;
  /** How often a new pull request is read before its mergeability is known. */
  slowMergeability = 1;
  /** How many merges are refused because the base has moved that moment. */
  baseMoves = 0;
  /** How far the stub's clock is ahead, in milliseconds. */
  aheadMs = 0;
  private next = 1_000;
  private server!: Server;
  /** The foreign storage of logs. */
  private storage!: Server;
  readonly foreign: { headers: IncomingMessage['headers']; log: string }[] = [];
  pages = '';
  api = '';
  private constructor(readonly git: GitHttp) {}

  static async start(folder: string): Promise<GithubStub> {
    const stub = new GithubStub(new GitHttp(folder));
    stub.git.admits = (login) => {
      const found = stub.access.get(login?.password ?? '');
      return found && !stub.isExpired(found) ? 200 : 401;
    };
    stub.server = createServer((request, response) => void stub.serve(request, response));
    stub.storage = createServer(({ headers, url = '' }, response) => {
      const log = stub.logOf(Number(/\d+/.exec(url)?.[0]));
      stub.foreign.push({ headers, log });
      response.writeHead(200, { 'content-type': 'text/plain' }).end(log);
    });
    const ports = await Promise.all([stub.server, stub.storage].map(listening));
    stub.pages = `http://127.0.0.1:${ports[0]}`;
    stub.api = `${stub.pages}/api/v3`;
    return stub;
  }

  async close(): Promise<void> {
    await Promise.all([this.server, this.storage].map(closing));
  }

  id = (): number => (this.next += 1);
  now = (): number => Date.now() + this.aheadMs;
  iso = (): string => new Date(this.now()).toISOString();

  account(login: string, type: Account['type'] = 'User'): Account {
    const account = this.accounts.get(login) ?? { id: this.id(), login, type };
    this.accounts.set(login, account);
    return account;
  }

  /** A token of this account. With permissions it is a fine-grained one. */
  token(login: string, permissions?: Record<string, string>): string {
    const token = `${permissions ? 'github_pat' : 'ghp'}_${randomUUID()}`;
    const kind = permissions ? 'fine-grained' : 'classic';
    this.access.set(token, {
      token,
      account: this.account(login),
      kind,
      limit: login,
      ...(permissions && { permissions }),
    });
    return token;
  }

  app(permissions: Record<string, string>, repositories: StubRepository[], type: 'pkcs1' | 'pkcs8' = 'pkcs8'): StubApp {
    const app = newApp(this.id(), 'gatehouse-bot', { metadata: 'read', ...permissions }, type);
    app.installation.repositories = repositories.map(({ id }) => id);
    this.apps.push(app);
    this.accounts.set(app.bot.login, app.bot);
    return app;
  }

  /** A token of the installation, for `LIFETIME_MS`. */
  installationToken(app: StubApp, permissions: Record<string, string>, repositories: number[]): Access {
    const { id } = app.installation;
    const token = `ghs_${randomUUID()}`;
    const expires = this.now() + LIFETIME_MS;
    const access: Access = {
      token,
      account: app.bot,
      kind: 'installation',
      permissions,
      repositories,
      expires,
      limit: `installation ${id}`,
    };
    this.access.set(token, access);
    return access;
  }

  async repository(fullName: string, files: Record<string, string> = { 'a.txt': 'a\n' }): Promise<StubRepository> {
    const [owner = '', name = ''] = fullName.split('/');
    const repository = await StubRepository.create(this.git, this.id(), owner, name);
    this.repositories.push(repository);
    this.account(owner);
    repository.collaborators.set(owner, 'admin');
    if (Object.keys(files).length > 0) await repository.commit('main', files);
    return repository;
  }

  /** Sends a webhook to all hooks of the repository for this event, signed as GitHub does. */
  async deliver(repository: StubRepository, event: string, payload: object): Promise<void> {
    const body = JSON.stringify({
      repository: { full_name: repository.fullName, html_url: `${this.pages}/${repository.fullName}` },
      ...payload,
    });
    for (const { url, secret, events } of repository.hooks.filter(({ active }) => active)) {
      if (!events.includes(event) && !events.includes('*')) continue;
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/stub',
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': signature,
      };
      const status = await fetch(url, { method: 'POST', headers, body }).then(
        (response) => response.status,
        () => 0,
      );
      this.deliveries.push({ url, event, status });
    }
  }

  private logOf(id: number): string {
    const jobs = this.repositories.flatMap(({ runs }) => runs.flatMap((run) => run.jobs));
    return jobs.find((job) => job.id === id)?.log ?? '';
  }

  /** Where foreign storage has the log of a job. */
  get storageUrl(): string {
    return `http://127.0.0.1:${(this.storage.address() as AddressInfo).port}`;
  }

  isExpired = ({ expires }: Access): boolean => expires !== undefined && expires < this.now();

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await this.git.handle(request, response)) return;
    const url = new URL(request.url ?? '/', this.pages);
    const text = await textOf(request);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const method = request.method ?? 'GET';
    const path = url.pathname.replace(/^\/api(?:\/v3)?/, '');
    const trouble = this.trouble?.({ method, path, body }) ?? {};
    if (trouble.slowMs) await new Promise((resolve) => setTimeout(resolve, trouble.slowMs));
    if (trouble.reset) return void request.socket.destroy();
    let seen: Seen = { method, path, query: url.search, status: 0, headers: request.headers, body, account: undefined };
    this.calls.push(seen);
    const reply = await this.answer(request, { method, path, url, body, seen }, trouble);
    seen = Object.assign(seen, { status: reply.status });
    if (trouble.lost) return void request.socket.destroy();
    const isText = typeof reply.body === 'string';
    response.writeHead(reply.status ?? 200, {
      'content-type': isText ? 'text/html' : 'application/json; charset=utf-8',
      date: new Date(this.now()).toUTCString(),
      ...reply.headers,
    });
    response.end(reply.body === undefined ? undefined : isText ? reply.body : JSON.stringify(reply.body));
  }

  private async answer(
    request: IncomingMessage,
    { method, path, url, body, seen }: { method: string; path: string; url: URL; body: unknown; seen: Seen },
    trouble: Trouble,
  ): Promise<Reply> {
    if (trouble.status !== undefined) return trouble;
    let access: Access | undefined;
    try {
      access = this.authenticate(request);
      seen.account = access.account.login;
      const limited = this.limited(access);
      if (limited) return limited;
      const reply = await this.run({ method, path, url, body, access });
      return this.counting(request, access, path, reply);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        this.breaches.push(String((error as Error).stack ?? error));
        return { status: 500, body: { message: 'Server Error' } };
      }
      const { status, message, more } = error;
      const answer = {
        message,
        ...(more.errors && { errors: more.errors }),
        documentation_url: 'https://docs.github.com/rest',
      };
      const reply = { status, body: { ...answer, status: String(status) }, headers: more.headers ?? {} };
      return access ? this.counting(request, access, path, reply) : reply;
    }
  }

  private async run(asked: { method: string; path: string; url: URL; body: unknown; access: Access }): Promise<Reply> {
    const { method, url, body, access } = asked;
    if (asked.path === '/graphql') {
      const { answerGraphql } = await import('./graphql.ts');
      return { body: await answerGraphql(this, access, body as { query: string; variables: object }) };
    }
    const path = this.byId(asked.path);
    const found = match(operations, method, path);
    if (!found) throw notFound();
    const { operation, params } = found;
    this.checked(() => checkRequest(operation.path, method, body));
    const named =
      params['owner'] === undefined ? undefined : this.named(params['owner'], params['repo'] ?? '', path, url);
    if (named && 'moved' in named) return named.moved;
    if (named && operation.path !== INSTALLATION) authorize(access, operation, named.repository);
    if ((access.kind === 'app') !== (operation.path.startsWith('/app') || operation.path === INSTALLATION)) {
      throw new Refusal(access.kind === 'app' ? 401 : 403, 'A JSON web token could not be decoded');
    }
    const call: Call = {
      stub: this,
      access,
      params,
      query: url.searchParams,
      body: (body ?? {}) as Call['body'],
      repository: named?.repository as StubRepository,
    };
    const reply = await operation.run(call);
    if (isDescribed(operation.path, method))
      this.checked(() => checkAnswer(operation.path, method, reply.status ?? 200, reply.body));
    return reply;
  }

  private checked(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.breaches.push((error as Error).message);
    }
  }

  /** `/repositories/17/…` is `/repos/owner/name/…`. */
  private byId(path: string): string {
    const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
    const found = this.repositories.find((each) => String(each.id) === id);
    return found ? `/repos/${found.fullName}${rest}` : path;
  }

  private named(
    owner: string,
    name: string,
    path: string,
    url: URL,
  ): { repository: StubRepository } | { moved: Reply } {
    const full = `${owner}/${name}`.toLowerCase();
    const repository = this.repositories.find(({ fullName }) => fullName.toLowerCase() === full);
    if (repository) return { repository };
    const moved = this.repositories.find(({ formerNames }) => formerNames.some((each) => each.toLowerCase() === full));
    if (!moved) throw notFound();
    const rest = path
      .split('/')
      .slice(4)
      .map((part) => `/${part}`)
      .join('');
    const location = `${this.api}/repositories/${moved.id}${rest}${url.search}`;
    return { moved: { status: 301, headers: { location }, body: { message: 'Moved Permanently', url: location } } };
  }

  private authenticate({ headers: { authorization = '' } }: IncomingMessage): Access {
    const [, token = ''] = /^(?:bearer|token) (\S+)$/i.exec(authorization) ?? [];
    if (token.split('.').length === 3) {
      const app = appOf(token, this.apps, this.now());
      return { token, account: app.bot, kind: 'app', limit: `app ${app.id}` };
    }
    const access = this.access.get(token);
    if (!access || this.isExpired(access)) throw new Refusal(401, 'Bad credentials');
    return access;
  }

  private limited(access: Access): Reply | undefined {
    const limit = this.limits.get(access.limit);
    if (!limit || limit.left > 0) return undefined;
    const message = `API rate limit exceeded for ${access.account.login}.`;
    return { status: 403, body: { message }, headers: this.limitHeaders(access) };
  }

  /** Counts an answer, unless nothing has changed since the caller saw it. */
  private counting(request: IncomingMessage, access: Access, path: string, reply: Reply): Reply {
    const { status = 200, body } = reply;
    const limit = this.limits.get(access.limit);
    const etag = `W/"${createHash('sha1')
      .update(JSON.stringify([body, reply.headers]))
      .digest('hex')}"`;
    const conditional = request.method === 'GET' && status === 200;
    if (conditional && request.headers['if-none-match'] === etag) {
      return { status: 304, headers: { etag, ...this.limitHeaders(access) } };
    }
    if (path !== '/rate_limit') {
      this.counted += 1;
      if (limit) limit.left -= 1;
    }
    return { ...reply, headers: { ...(conditional && { etag }), ...this.limitHeaders(access), ...reply.headers } };
  }

  private limitHeaders(access: Access): Record<string, string> {
    const {
      of = 5_000,
      left = 5_000 - this.counted,
      reset = Math.floor(this.now() / 1_000) + 3_600,
    } = this.limits.get(access.limit) ?? {};
    return {
      'x-ratelimit-limit': String(of),
      'x-ratelimit-remaining': String(Math.max(0, left)),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    };
  }
}

const INSTALLATION = '/repos/{owner}/{repo}/installation';

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function closing(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
