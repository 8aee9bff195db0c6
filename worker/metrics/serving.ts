import { createServer, type Server } from 'node:http';

/** How long the SDK's own metrics may take, in milliseconds. */
const SDK_MS = 2_000;
/** How often a port that is taken is tried again, in milliseconds. The worker before may be draining. */
const AGAIN_MS = 5_000;

export interface MetricsServing {
  host: string;
  port: number;
  /** Our own metrics. */
  text(): Promise<string>;
  /** Where the SDK serves its metrics on this machine. */
  sdk?: string | undefined;
  log(message: string): void;
}

export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * Serves the metrics at `/metrics`: ours, and those of the SDK, which it serves at an address of its own. A port that is taken
 * stops nobody, and is tried again until it is free.
 */
export function serveMetrics(serving: MetricsServing): MetricsServer {
  const { host, port, log } = serving;
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (request.method !== 'GET' || path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics.\n');
      return;
    }
    scraped(serving).then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      (failure: unknown) => {
        log(`the metrics cannot be read: ${(failure as Error).message}`);
        response.writeHead(500).end();
      },
    );
  });
  let again: NodeJS.Timeout | undefined;
  let isSaid = false;
  const listen = () => void server.listen({ host, port });
  server.on('error', (failure) => {
    if (!isSaid) log(`no metrics at ${host}:${port} yet: ${failure.message}`);
    isSaid = true;
    again = setTimeout(listen, AGAIN_MS).unref();
  });
  listen();
  server.unref();
  return {
    close: () => {
      clearTimeout(again);
      return closed(server);
    },
  };
}

/** Without the SDK's, if it does not answer: its server ends with the last connection to Temporal. */
async function scraped({ text, sdk }: MetricsServing): Promise<string> {
  const [own, its] = await Promise.all([text(), sdk === undefined ? '' : sdkText(sdk).catch(() => '')]);
  return its === '' ? own : `${own.trimEnd()}\n${its}`;
}

async function sdkText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(SDK_MS) });
  return response.ok ? response.text() : '';
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
