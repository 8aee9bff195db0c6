import type { IncomingMessage, ServerResponse } from 'node:http';

const BATCH = /\.git\/info\/lfs\/objects\/batch$/;
const CONTENT = /^\/lfs-contents\/([0-9a-f]{64})$/;
/** What contents are fetched with: not the credentials of the repository. */
const KEY = 'key-of-this-content';

interface Batch {
  operation: 'download' | 'upload';
  objects: { oid: string; size: number }[];
}

/** Stores git-lfs contents (the Batch API), for all repositories of a server. */
export class LfsStore {
  readonly contents = new Map<string, Buffer>();
  /** The authorization headers with which contents were asked for. */
  readonly seen: (string | undefined)[] = [];
  /** Where contents are, if on another server. */
  elsewhere: string | undefined;

  serves = (path: string): boolean => BATCH.test(path) || CONTENT.test(path);

  async serve(request: IncomingMessage, response: ServerResponse): Promise<number> {
    const path = new URL(request.url ?? '/', 'http://git').pathname;
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const oid = CONTENT.exec(path)?.[1];
    if (oid === undefined) return this.batch(JSON.parse(body.toString()) as Batch, request, response);
    this.seen.push(request.headers.authorization);
    if (request.headers['x-key'] !== KEY) return end(response, 403, 'no key');
    if (request.method === 'PUT') {
      this.contents.set(oid, body);
      return end(response, 200, '');
    }
    const content = this.contents.get(oid);
    return content ? end(response, 200, content) : end(response, 404, 'no such content');
  }

  private batch({ operation, objects }: Batch, request: IncomingMessage, response: ServerResponse): number {
    const address = this.elsewhere ?? `http://${request.headers.host}`;
    const answers = objects.map(({ oid, size }) => {
      const action = { href: `${address}/lfs-contents/${oid}`, header: { 'X-Key': KEY } };
      const isThere = this.contents.has(oid);
      if (operation === 'download' && !isThere) return { oid, size, error: { code: 404, message: 'no such content' } };
      return { oid, size, actions: operation === 'upload' && isThere ? undefined : { [operation]: action } };
    });
    response.setHeader('content-type', 'application/vnd.git-lfs+json');
    return end(response, 200, JSON.stringify({ transfer: 'basic', objects: answers }));
  }
}

function end(response: ServerResponse, status: number, body: string | Buffer): number {
  response.writeHead(status);
  response.end(body);
  return status;
}
