/** The address of a run's page at the HTTP door `door`. Undefined for what is no run, such as the watch of a release. */
export function pageAt(door: string, workflowId: string): string | undefined {
  const [, workspace, task] = /^run\/([^/]+)\/([^/]+)$/.exec(workflowId) ?? [];
  if (workspace === undefined || task === undefined) return undefined;
  return `${door.replace(/\/+$/, '')}/runs/${encodeURIComponent(workspace)}/${encodeURIComponent(task)}`;
}
