import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Place } from '../hosted/api.ts';
import { CredentialsRefused } from '../hosted/failures.ts';
import type { Secret } from '../hosted/secrets.ts';
import { Transport, type Answer } from '../hosted/transport.ts';

/** Gitea's own maximum, unless its operator allows less. */
const PER_PAGE = 50;
/** A database that is locked for a moment answers 401 to a good token. Milliseconds until it is asked again. */
const REFUSED_MS = [250, 1_000];
/** The name of our credentials for the transport. */
const TOKEN = 'token';

export interface Question {
  body?: unknown;
  expected?: readonly number[];
  read?: 'json' | 'text';
}

/** The calls to one Gitea or Forgejo, with its own habits: pages, and a token that is refused by mistake. */
export class GiteaClient {
  readonly transport = new Transport({ vendor: 'Gitea' });
  /** Whether the token was good when it was last used. */
  private good = true;
  /** Whether the token is known to have the scope to change repositories. */
  writes = false;

  constructor(
    /** Without a slash at its end. */
    readonly address: string,
    private readonly token: Secret,
  ) {}

  get password(): string {
    return this.token.current;
  }

  /** Replaces a refused token by the one that is in its file now. */
  renew(): boolean {
    if (!this.token.renew()) return false;
    this.writes = false;
    this.transport.renewed(TOKEN);
    return true;
  }

  /** Makes one call below `/api/v1`. What is neither a success nor expected is thrown. */
  async ask(method: string, where: string, { body, expected, read }: Question = {}): Promise<Answer> {
    for (let refused = 0; ; refused++) {
      try {
        const answer = await this.transport.ask({
          as: TOKEN,
          method,
          url: `${this.address}/api/v1${where}`,
          headers: { authorization: `token ${this.token.current}`, 'user-agent': 'gatehouse' },
          body,
          expected,
          read,
        });
        this.good = true;
        return answer;
      } catch (failure) {
        if (!(failure instanceof CredentialsRefused)) throw failure;
        // Nothing was done for a caller that was refused, so any call may be made again.
        if (this.renew()) continue;
        const ms = this.good ? REFUSED_MS[refused] : undefined;
        if (ms === undefined) {
          this.good = false;
          throw failure;
        }
        await pause(ms);
        this.transport.renewed(TOKEN);
      }
    }
  }

  async json<Of>(schema: z.ZodType<Of>, method: string, where: string, question: Question = {}): Promise<Of> {
    const { body } = await this.ask(method, where, question);
    return this.transport.fitting(schema, body, `${method} ${pathOf(where)}`);
  }

  /** Reads something that may be missing: 404 is undefined. */
  async find<Of>(schema: z.ZodType<Of>, where: string): Promise<Of | undefined> {
    const { status, body } = await this.ask('GET', where, { expected: [404] });
    return status === 404 ? undefined : this.transport.fitting(schema, body, `GET ${pathOf(where)}`);
  }

  /** Reads a list page by page, until there is no more, or nobody asks for more. */
  async *pages<Of>(schema: z.ZodType<Of>, where: string): AsyncGenerator<Of[]> {
    let seen = 0;
    for (let page = 1; ; page++) {
      const { headers, body } = await this.ask('GET', `${where}${sign(where)}page=${page}&limit=${PER_PAGE}`);
      const items = this.transport.fitting(z.array(schema), body, `GET ${pathOf(where)}`);
      yield items;
      seen += items.length;
      // The operator may allow smaller pages than we ask for.
      const more =
        seen < Number(headers.get('x-total-count') ?? 0) || (headers.get('link') ?? '').includes('rel="next"');
      if (items.length === 0 || !more) return;
    }
  }

  async all<Of>(schema: z.ZodType<Of>, where: string): Promise<Of[]> {
    const all: Of[] = [];
    for await (const items of this.pages(schema, where)) all.push(...items);
    return all;
  }
}

/** The path of a repository in the API. */
export const at = ({ owner, name }: Place): string => `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;

/** A path with slashes in it, such as the name of a branch or a file. */
export const segments = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const pathOf = (where: string) => where.split('?', 1)[0]!;
const sign = (where: string) => (where.includes('?') ? '&' : '?');
