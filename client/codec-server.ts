import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { JSONToPayload, payloadToJSON, type JSONPayload } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { lenientCodec } from '../worker/configuration/encryption.ts';
import type { CodecKey } from '../worker/configuration/variables.ts';
import { ClientError } from './errors.ts';

/** The maximum size of a request, in bytes. It is more than a page of the Web UI ever sends. */
const MOST = 32 * 1_024 * 1_024;
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** A request of Temporal's remote codec protocol, as the Web UI and `temporal` send it. */
const Asked = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.string()).nullish(), data: z.string().nullish() }))
    .default([]),
});

export class CodecPortTaken extends ClientError {
  readonly code = 'port_taken';
}

export interface CodecServer {
  endpoint: string;
  close(): Promise<void>;
}

/**
 * Decrypts payloads for Temporal's own tools, which have no keys. It listens on this machine only, and of all web pages it
 * answers only the one at `ui`. A client must send the encrypted payloads that it wants to read; the server has no others.
 */
export async function serveCodec(
  keys: readonly CodecKey[],
  { port, ui }: { port: number; ui: string },
): Promise<CodecServer> {
  const server = createServer((request, response) => {
    answer(request, response, keys, ui).catch((failure: unknown) => refuse(response, 400, (failure as Error).message));
  });
  await listening(server, port);
  const { port: open } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${open}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, keys: readonly CodecKey[], ui: string) {
  const { method, url = '/', headers } = request;
  // Prevents DNS rebinding: a foreign page whose host name points to this machine sends a foreign Host or Origin.
  if (!LOOPBACK.test(headers.host ?? '')) return refuse(response, 403, 'Host: expected this machine');
  if (headers.origin !== undefined && headers.origin !== ui) return refuse(response, 403, `Origin: expected ${ui}`);
  response.setHeader('access-control-allow-origin', ui);
  response.setHeader('vary', 'origin');
  if (method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'POST, OPTIONS');
    response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
    return void response.writeHead(204).end();
  }
  const wanted = /(?:^|\/)(encode|decode)$/.exec(new URL(url, 'http://localhost').pathname)?.[1];
  if (method !== 'POST' || !wanted) return refuse(response, 404, 'expected a POST to /encode or /decode');

  const { payloads } = Asked.parse(JSON.parse(await bodyOf(request)));
  const codec = lenientCodec(keys);
  const asked = payloads.map((payload) => JSONToPayload(payload as JSONPayload));
  const done = wanted === 'encode' ? await codec.encode(asked) : await codec.decode(asked);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ payloads: done.map(payloadToJSON) }));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST) throw new Error(`expected at most ${MOST} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
}

const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      reject(
        code === 'EADDRINUSE'
          ? new CodecPortTaken(`Port ${port} is taken: set GATEHOUSE_CODEC_PORT to a free one.`)
          : new Error(message),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
