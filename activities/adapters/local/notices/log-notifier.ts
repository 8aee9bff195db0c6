import type { Notifier } from '../../../ports.ts';

/** Writes one line per notice and severity to the log, for machines without a chat. */
export const logNotifier = (log: (fields: object, message: string) => void): Notifier => ({
  async deliver({ key, workflowId, task, notice }) {
    const { type, severity, text } = notice;
    log({ workflowId, task: task.id, notice: type, severity, delivery: key }, text);
  },
});
