import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

interface Span {
  name: string;
  trace: string;
  id: string;
  parent: string;
  /** All that the span says besides its times and ids, as text. */
  said: string;
}

/** The messages of OTLP, as the exporter's own library has them. */
interface Message {
  resourceSpans: { scopeSpans: { spans: Sent[] }[] }[];
}
interface Sent {
  name: string;
  traceId: Uint8Array;
  spanId: Uint8Array;
  /** Null: it is the first one of its trace. */
  parentSpanId: Uint8Array | null;
  attributes: object[];
  events: object[];
  status?: { message?: string };
}

const { opentelemetry } = createRequire(import.meta.url)(
  '@opentelemetry/otlp-transformer/build/src/generated/root.js',
) as {
  opentelemetry: {
    proto: { collector: { trace: { v1: { ExportTraceServiceRequest: { decode(bytes: Buffer): Message } } } } };
  };
};
const { ExportTraceServiceRequest } = opentelemetry.proto.collector.trace.v1;

const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex');

/** Receives traces by OTLP over HTTP, as a collector does. */
export class OtlpReceiver {
  readonly spans: Span[] = [];
  private server: Server | undefined;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.url === '/v1/traces') this.take(Buffer.concat(chunks));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private take(body: Buffer): void {
    const { resourceSpans } = ExportTraceServiceRequest.decode(body);
    for (const { name, traceId, spanId, parentSpanId, ...said } of resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans),
    )) {
      const { attributes, events, status } = said;
      const text = JSON.stringify({ attributes, events, status });
      this.spans.push({ name, trace: hex(traceId), id: hex(spanId), parent: hex(parentSpanId), said: text });
    }
  }
}
