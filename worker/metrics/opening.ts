import { Metrics, type MetricsParts } from './metrics.ts';
import { serveMetrics } from './serving.ts';

interface Variables {
  GATEHOUSE_METRICS_PORT?: number | undefined;
  GATEHOUSE_METRICS_HOST: string;
}

export interface OpenMetrics {
  metrics: Metrics;
  close(): Promise<void>;
}

/**
 * Opens the metrics of this process, and serves them. `sdkPort`: where the SDK serves its own on this machine. Undefined: no port
 * is configured, and nothing is counted.
 */
export function openMetrics(
  { GATEHOUSE_METRICS_PORT: port, GATEHOUSE_METRICS_HOST: host }: Variables,
  parts: MetricsParts & { sdkPort?: number | undefined },
): OpenMetrics | undefined {
  if (port === undefined) return undefined;
  const metrics = new Metrics(parts);
  const { log, sdkPort } = parts;
  const sdk = sdkPort === undefined ? undefined : `http://127.0.0.1:${sdkPort}/metrics`;
  const { close } = serveMetrics({ host, port, sdk, log, text: () => metrics.text() });
  return { metrics, close };
}
