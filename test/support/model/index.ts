import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as chat from './chat.ts';
import * as gemini from './gemini.ts';
import * as responses from './responses.ts';
import type { Answer, Asked, Script } from './script.ts';
import { EVENT_STREAM, misbehave } from './troubles.ts';

interface Api {
  beginning(): string;
  streamed(answer: Exclude<Answer, { trouble: unknown }>, tools: string[]): string;
  toolsOf(body: any): string[];
}

const APIS: [RegExp, Api][] = [
  [/\/responses$/, responses],
  [/\/chat\/completions$/, chat],
  [/:(?:streamGenerateContent|generateContent)$/, gemini],
];

/** A stand-in for the provider of a language model, on loopback. It plays a script, whatever it is asked. */
export interface Model {
  /** The address, without a path. */
  url: string;
  /** The requests that took an answer of the script, in order. */
  asked: Asked[];
  close(): Promise<void>;
}

export async function startModel(script: Script): Promise<Model> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const api = APIS.find(([path]) => path.test(pathname))?.[1];
    const text = await textOf(request);
    if (!api) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"Not found"}}');
      return;
    }
    const body = JSON.parse(text) as any;
    const tools = api.toolsOf(body);
    const answer =
      tools.length === 0 ? ASIDE : nextOf({ path: pathname, model: body.model, body, tools, headers: request.headers });
    if ('trouble' in answer) misbehave(response, answer.trouble, api.beginning());
    else response.writeHead(200, EVENT_STREAM).end(api.streamed(answer, tools));
  }

  function nextOf(request: Asked): Answer {
    const n = asked.push(request) - 1;
    if (typeof script === 'function') return script(request, n);
    const last = script.at(-1);
    return script[n] ?? (last && 'trouble' in last ? last : { say: 'Done.' });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Agents ask without tools for titles and summaries. Those requests take no answer of the script. */
const ASIDE: Answer = { say: 'A title' };

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
