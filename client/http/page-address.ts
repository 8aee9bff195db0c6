import { pageAt } from '../../worker/configuration/run-pages.ts';
import type { Variables } from '../../worker/configuration/variables.ts';

/** The port of the HTTP door unless one is configured. */
export const HTTP_PORT = 8_080;

type Known = Pick<Variables, 'GATEHOUSE_URL' | 'GATEHOUSE_HTTP_PORT'>;

/** The address of a run's page, or undefined where it has none: without a door, and for what is no run. */
export function pageAddress({ GATEHOUSE_URL: url, GATEHOUSE_HTTP_PORT: port = HTTP_PORT }: Known, workflowId: string) {
  const door = url ?? (port === 'off' ? undefined : `http://127.0.0.1:${port}`);
  return door === undefined ? undefined : pageAt(door, workflowId);
}
