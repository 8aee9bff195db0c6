import { now } from './clock.ts';

/** Reports an effect and its time to the parent process. */
export function tellEffect(effect: string): void {
  process.send?.({ effect, at: now() });
}

/** Answers the parent process's requests for this process's resource usage. */
export function answerUsage(): void {
  process.on('message', (message: { ask?: string }) => {
    if (message.ask !== 'usage') return;
    const { user, system } = process.cpuUsage();
    process.send?.({ usage: { rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000, at: now() } });
  });
}
