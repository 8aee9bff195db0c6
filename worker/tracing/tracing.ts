import { context, propagation, SpanStatusCode, trace, type Context, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { envDetectorSync, Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  RandomIdGenerator,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { spanOf, type EndedExecution } from '../../workflows/contracts/run/tracing.ts';
import { onlyIds } from './exporting.ts';

/** How often spans are sent, in milliseconds. */
const EVERY_MS = 1_000;

/** The traces of this process, sent by OTLP. */
export interface Tracing {
  tracer: Tracer;
  /** For the SDK's client: what starts a run, signals it or updates it is a span. */
  client: Pick<OpenTelemetryWorkflowClientInterceptor, 'startWithDetails' | 'signal' | 'startUpdate'>;
  /** Adds the span of an execution that has ended. */
  ended(info: { workflowType: string; workflowId: string; runId: string }, execution: EndedExecution): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

/**
 * Sends traces where OpenTelemetry's own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT` and the others). Call it once per process,
 * because the SDK's interceptors find it by the library's global API.
 */
export function openTracing(exporter: SpanExporter = new OTLPTraceExporter()): Tracing {
  const ids = new Ids();
  const provider = new BasicTracerProvider({
    resource: new Resource({ 'service.name': 'gatehouse' }).merge(envDetectorSync.detect()),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(onlyIds(exporter), { scheduledDelayMillis: EVERY_MS })],
  });
  provider.register({ contextManager: new AsyncLocalStorageContextManager() });
  const tracer = provider.getTracer('gatehouse');
  const all = new OpenTelemetryWorkflowClientInterceptor({ tracer });
  return {
    tracer,
    client: {
      startWithDetails: (input, next) => all.startWithDetails(input, next),
      signal: (input, next) => all.signal(input, next),
      startUpdate: (input, next) => all.startUpdate(input, next),
    },
    ended({ workflowType, workflowId, runId }, { parent, startedAt, endedAt, failed }) {
      const attributes = { temporalWorkflowId: workflowId, run_id: runId };
      const span = ids.as(spanOf(runId), () =>
        tracer.startSpan(`RunWorkflow:${workflowType}`, { startTime: startedAt, attributes }, below(parent)),
      );
      span.setStatus({ code: failed ? SpanStatusCode.ERROR : SpanStatusCode.OK });
      span.end(endedAt);
    },
    close: async () => {
      await provider.shutdown().catch(() => undefined); // whoever should get the spans is away
      for (const each of [context, propagation, trace]) each.disable();
    },
  };
}

const below = (traceparent: string): Context => propagation.extract(context.active(), { traceparent });

/** Random ids, except where one is given. */
class Ids {
  private readonly random = new RandomIdGenerator();
  private given: string | undefined;

  generateTraceId = (): string => this.random.generateTraceId();
  generateSpanId = (): string => this.given ?? this.random.generateSpanId();

  as<T>(id: string, work: () => T): T {
    this.given = id;
    try {
      return work();
    } finally {
      this.given = undefined;
    }
  }
}
