import type { WorkerConfig } from './config.ts';

/** The page of a run for people: ours, if they reach the HTTP door, else the one of the Web UI. */
export const pageOf =
  ({ variables, namespace }: Pick<WorkerConfig, 'variables' | 'namespace'>) =>
  (workflowId: string): string | undefined => {
    const { GATEHOUSE_URL: url, GATEHOUSE_TEMPORAL_UI: ui } = variables;
    const [, workspace, task] = /^run\/([^/]+)\/(.+)$/.exec(workflowId) ?? [];
    if (url !== undefined && workspace !== undefined && task !== undefined) {
      return `${url.replace(/\/+$/, '')}/runs/${encodeURIComponent(workspace)}/${encodeURIComponent(task)}`;
    }
    return ui && `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  };
