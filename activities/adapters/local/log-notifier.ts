import type { Notifier } from '../../ports.ts';

/** Tells the log, one line per notice and severity: what a laptop has instead of a chat. */
export const logNotifier = (log: (fields: object, message: string) => void): Notifier => ({
  async deliver({ workflowId, task, notice }) {
    log({ workflowId, task: task.id, notice: notice.type, severity: notice.severity, id: notice.id }, notice.text);
  },
});
