import { noteSilent } from '../failures.ts';
import type { Ports } from '../ports.ts';

/** The call timed out, but may still take effect. Calling again with the same key finds the result. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * Adds a timeout to every call of a port. A call without an answer after this many milliseconds fails as transient and is
 * retried. Without this, nobody would notice, because the activity heartbeats while it waits.
 */
export const withTimeout = (ports: Ports, callMs: number): Ports =>
  new Proxy(ports, {
    get(target, name) {
      const port: unknown = Reflect.get(target, name);
      return typeof port === 'object' && port !== null ? within(callMs, String(name), port) : port;
    },
  });

const within = <Port extends object>(callMs: number, name: string, port: Port): Port =>
  new Proxy(port, {
    get(target, method) {
      const call: unknown = Reflect.get(target, method);
      if (typeof call !== 'function' || method === 'close') return call;
      return (...question: unknown[]) => {
        const answer = (async () => (await call.apply(target, question)) as unknown)();
        let clock: NodeJS.Timeout;
        const late = new Promise<never>((_, reject) => {
          const because = `The ${name} has not answered "${String(method)}" within ${callMs / 1_000} s`;
          clock = setTimeout(() => reject(new NoAnswer(because)), callMs);
        });
        return Promise.race([answer, late])
          .catch((failure: unknown) => {
            noteSilent(failure, name);
            throw failure;
          })
          .finally(() => clearTimeout(clock));
      };
    },
  });
