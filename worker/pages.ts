import type { WorkerConfig } from './config.ts';
import { pageAt } from './configuration/run-pages.ts';

/** The page of a run for people: ours, if they reach the HTTP door, else the one of the Web UI. */
export const pageOf =
  ({ variables, namespace }: Pick<WorkerConfig, 'variables' | 'namespace'>) =>
  (workflowId: string): string | undefined => {
    const { GATEHOUSE_URL: url, GATEHOUSE_TEMPORAL_UI: ui } = variables;
    const ours = url === undefined ? undefined : pageAt(url, workflowId);
    return ours ?? (ui && `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`);
  };
