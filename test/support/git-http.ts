import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { LfsStore } from './git-lfs-store.ts';
import { program } from './programs.ts';

/** One request that git made, and what it was answered. */
export interface GitRequest {
  method: string;
  /** Such as `/acme/shop.git/info/refs?service=git-upload-pack`. */
  url: string;
  authorization: string | undefined;
  status: number;
  /** The bytes of the answer's body. */
  sent: number;
}

/** What a test has the server do instead of answering. `undefined`: nothing. */
export interface Trouble {
  /** Answers with this status and text. */
  status?: number;
  text?: string;
  /** Redirects to this address. */
  location?: string;
  /** Cuts the connection after this many bytes of the body. */
  cutAfter?: number;
  /** Sends the body in pieces of this many bytes, and waits this many milliseconds after each. */
  slow?: { bytes: number; ms: number };
}

/** The repository's folder on disk, the service, and the rest of the path. */
const ROUTE = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/.*)$/;

/**
 * Git over smart HTTP, by `git http-backend`. It can stand alone (`listen`), or be part of another server (`handle`).
 * Repositories are bare ones at `<folder>/<owner>/<name>.git`.
 */
export class GitHttp {
  readonly requests: GitRequest[] = [];
  /** Whom the server lets in. Undefined: everybody. */
  admits:
    ((login: { username: string; password: string } | undefined, to: 'read' | 'write') => 200 | 401 | 403) | undefined;
  /** What goes wrong with a request. */
  trouble: ((request: IncomingMessage, nth: number) => Trouble | undefined) | undefined;
  /** The contents of git-lfs files, by their ids. */
  readonly lfs = new LfsStore();
  private server: Server | undefined;
  private count = 0;

  constructor(readonly folder: string) {}

  /** Makes a bare repository, and returns its folder. */
  async create(owner: string, name: string): Promise<string> {
    const place = this.placeOf(owner, name);
    await mkdir(path.dirname(place), { recursive: true });
    await program('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', place]);
    for (const setting of ['http.receivepack=true', 'uploadpack.allowAnySHA1InWant=true', 'gc.auto=0']) {
      await program('git', ['config', ...setting.split('=')], { cwd: place });
    }
    return place;
  }

  placeOf = (owner: string, name: string): string => path.join(this.folder, owner, `${name}.git`);

  /** Starts a server of its own, and returns its address. */
  async listen(): Promise<string> {
    this.server = createServer((request, response) => {
      void this.handle(request, response).then((handled) => {
        if (!handled) response.writeHead(404).end('no such page');
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  /** The bytes that were sent to git since the last call. */
  sent(): number {
    return this.requests.splice(0).reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Answers a request of git. False: it is for somebody else. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const url = new URL(request.url ?? '/', 'http://git');
    const [, owner, name, service] = ROUTE.exec(url.pathname) ?? [];
    const isLfs = this.lfs.serves(url.pathname);
    if (!isLfs && (owner === undefined || name === undefined || service === undefined)) return false;
    const { authorization } = request.headers;
    const record = { method: request.method ?? '', url: request.url ?? '', authorization, status: 0, sent: 0 };
    this.requests.push(record);
    const trouble = this.trouble?.(request, (this.count += 1)) ?? {};
    const writes = `${service} ${url.search}`.includes('git-receive-pack');
    const isOpen = isLfs && !url.pathname.endsWith('/batch'); // contents have keys of their own
    const admitted =
      trouble.status ?? (isOpen ? 200 : this.admits?.(loginOf(authorization), writes ? 'write' : 'read')) ?? 200;
    if (admitted !== 200 || trouble.location !== undefined) {
      record.status = trouble.location !== undefined ? (trouble.status ?? 301) : admitted;
      response.writeHead(record.status, {
        'content-type': 'text/plain',
        ...(record.status === 401 && { 'www-authenticate': 'Basic realm="git"' }),
        ...(trouble.location !== undefined && { location: trouble.location }),
      });
      response.end(trouble.text ?? `status ${record.status}`);
      return true;
    }
    if (isLfs) record.status = await this.lfs.serve(request, response);
    else await this.serve(request, response, { url, owner: owner!, name: name!, service: service!, record, trouble });
    return true;
  }

  private async serve(request: IncomingMessage, response: ServerResponse, call: Served): Promise<void> {
    const { url, owner, name, service, record, trouble } = call;
    const { PATH = '', HOME = '' } = process.env;
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH,
        HOME,
        GIT_PROJECT_ROOT: this.folder,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        PATH_INFO: `/${owner}/${name}.git/${service}`,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        REMOTE_USER: 'somebody',
        REMOTE_ADDR: '127.0.0.1',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const zipped = request.headers['content-encoding'] === 'gzip';
    (zipped ? request.pipe(createGunzip()) : request).pipe(backend.stdin);
    backend.stdin.on('error', () => undefined);
    response.on('close', () => backend.kill());
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of backend.stdout as AsyncIterable<Buffer>) {
      let body = chunk;
      if (head) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) continue;
        record.status = begin(response, head.subarray(0, end).toString());
        body = head.subarray(end + 4);
        head = undefined;
      }
      for (const piece of piecesOf(body, trouble.slow?.bytes)) {
        if (response.destroyed) return;
        const left = (trouble.cutAfter ?? Infinity) - record.sent;
        const part = piece.subarray(0, Math.max(0, Math.min(piece.length, left)));
        record.sent += part.length;
        if (part.length > 0) await new Promise((resolve) => response.write(part, resolve));
        if (part.length < piece.length) return void response.destroy();
        if (trouble.slow) await pause(response, trouble.slow.ms);
      }
    }
    if (head) response.writeHead(500);
    response.end();
  }
}

/** Waits, but not for a client that is gone. */
async function pause(response: ServerResponse, ms: number): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  await setTimeout(ms, undefined, { signal: gone.signal }).catch(() => undefined);
  response.off('close', leave);
}

interface Served {
  url: URL;
  owner: string;
  name: string;
  service: string;
  record: GitRequest;
  trouble: Trouble;
}

/** Passes the headers of the CGI program on, and returns its status. */
function begin(response: ServerResponse, text: string): number {
  const headers = text
    .split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const status = Number(headers.find(([name]) => name?.toLowerCase() === 'status')?.[1]?.slice(0, 3) ?? 200);
  const others = headers.filter(([name]) => name?.toLowerCase() !== 'status');
  response.writeHead(status, Object.fromEntries(others) as Record<string, string>);
  return status;
}

function piecesOf(body: Buffer, bytes = body.length): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += bytes) pieces.push(body.subarray(at, at + bytes));
  return pieces;
}

/** User name and password of a Basic header. */
export function loginOf(authorization: string | undefined): { username: string; password: string } | undefined {
  const [, encoded] = /^Basic (\S+)$/.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  return { username: text.slice(0, text.indexOf(':')), password: text.slice(text.indexOf(':') + 1) };
}
