import type { Ports } from './ports.ts';

/** The world has not answered in time. It may still do what it was asked: whoever asks again finds it by its key. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * The ports as activities use them: a call that is not answered within so many milliseconds is thrown as bad weather, and
 * tried again. Its activity says that it lives for as long as it waits, so that nobody else would ever notice.
 */
export const withTimeout = (ports: Ports, callMs: number): Ports =>
  Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [name, within(callMs, name, port as Record<string, unknown>)]),
  ) as unknown as Ports;

const within = (callMs: number, name: string, port: Record<string, unknown>) =>
  new Proxy(port, {
    get(target, method: string) {
      const call = target[method];
      if (typeof call !== 'function' || method === 'close') return call;
      return (...question: unknown[]) => {
        const answer = Promise.resolve(call.apply(target, question));
        let clock: NodeJS.Timeout;
        const late = new Promise<never>((_, reject) => {
          const because = `The ${name} has not answered "${method}" within ${callMs / 1_000} s`;
          clock = setTimeout(() => reject(new NoAnswer(because)), callMs);
        });
        return Promise.race([answer, late]).finally(() => clearTimeout(clock));
      };
    },
  });
