import type { Tracing } from './tracing.ts';

/** Opens the traces of this process, if they are wanted. The libraries are loaded only then. */
export async function tracingFor({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
}: {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
}): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const { openTracing } = await import('./tracing.ts');
  return openTracing();
}
