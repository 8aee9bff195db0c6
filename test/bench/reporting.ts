import { now } from './clock.ts';

/** Tells whoever started this process of an effect, with the time at which it happened. */
export function tellEffect(effect: string): void {
  process.send?.({ effect, at: now() });
}

/** Answers what this process uses, whenever it is asked. */
export function answerUsage(): void {
  process.on('message', (message: { ask?: string }) => {
    if (message.ask !== 'usage') return;
    const { user, system } = process.cpuUsage();
    process.send?.({ usage: { rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000, at: now() } });
  });
}
