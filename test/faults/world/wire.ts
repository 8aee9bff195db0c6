import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunOwner } from '../../../workflows/contracts/activities.ts';
import type { Ports } from '../../../activities/ports.ts';

/**
 * One call to the world. If the world needs to know whether an owner lives, it answers with that question, and the call is
 * repeated with the answer.
 */
export interface Call {
  port: keyof Ports | 'world';
  method: string;
  args: unknown[];
  /** Whether the owners that the world asked about are live. */
  lives?: Record<string, boolean>;
}
export type Reply = { value?: unknown } | { threw: { name: string; message: string } } | { asks: RunOwner };

export const nameOf = ({ workflowId, runId }: RunOwner): string => `${workflowId}@${runId}`;

/** Serves calls on loopback. */
export async function serve(answer: (call: Call) => Promise<Reply>): Promise<{ port: number; server: Server }> {
  const server = createServer((incoming, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part as Buffer);
      const reply = await answer(JSON.parse(Buffer.concat(parts).toString('utf8')) as Call);
      response.end(JSON.stringify(reply));
    })().catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, server };
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Makes one call. Throws the error that the world threw. */
export function callOver(port: number) {
  const ask = (call: Call) =>
    new Promise<Reply>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString('utf8')) as Reply));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(JSON.stringify(call));
    });
  return async (call: Call, isLive?: (holder: RunOwner) => Promise<boolean>): Promise<unknown> => {
    for (const lives: Record<string, boolean> = {}; ;) {
      const reply = await ask({ ...call, lives });
      if ('threw' in reply) throw Object.assign(new Error(reply.threw.message), { name: reply.threw.name });
      if (!('asks' in reply)) return reply.value;
      if (!isLive) throw new Error(`The call cannot answer whether ${nameOf(reply.asks)} lives.`);
      lives[nameOf(reply.asks)] = await isLive(reply.asks);
    }
  };
}
