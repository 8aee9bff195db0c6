import type { Notifier } from '../../../activities/ports.ts';

/** Posts a notice's text to a topic of a push service. The service cannot drop repeats, so a repeat is shown twice. */
export const pushNotifier = (topic: string): Notifier => ({
  async deliver({ task, notice }, signal = AbortSignal.timeout(10_000)) {
    const priority = notice.severity === 'urgent' ? 'high' : 'default';
    const headers = { title: `${task.id}: ${notice.type}`, priority };
    const { ok, status } = await fetch(topic, { method: 'POST', headers, body: notice.text, signal });
    if (!ok) throw new Error(`The push service answers ${status}.`);
  },
});
