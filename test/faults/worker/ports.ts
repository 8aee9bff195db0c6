import type { Ports } from '../../../activities/ports.ts';
import { METHODS } from '../plan/methods.ts';
import type { Call } from '../world/wire.ts';
import type { Faults } from './faults.ts';

type Ask = (call: Call, isLive?: (...args: never[]) => Promise<boolean>) => Promise<unknown>;

/** Ports that forward each call to the world, with faults around it. */
export function remotePorts(ask: Ask, faults: Faults): Ports {
  const portOf = (port: keyof typeof METHODS) =>
    Object.fromEntries(
      Object.keys(METHODS[port])
        .filter((method) => method !== 'close')
        .map((method) => [
          method,
          (...args: unknown[]) => {
            const said = args.filter((arg) => typeof arg !== 'function' && !(arg instanceof AbortSignal));
            const isLive = args.find((arg) => typeof arg === 'function') as Parameters<Ask>[1];
            return faults.around(port, method, JSON.stringify(said), () => ask({ port, method, args: said }, isLive));
          },
        ]),
    );
  const ports = Object.keys(METHODS).map((port) => [port, portOf(port as keyof typeof METHODS)] as const);
  return Object.fromEntries(ports) as unknown as Ports;
}

/** The adapters of this machine, with faults around each call. */
export function struckPorts(ports: Ports, faults: Faults): Ports {
  const { rows, rules, storage, ...called } = ports;
  const struck = Object.entries(called).map(([port, own]) => {
    const around = new Proxy<object>(own, {
      get(target, method: string) {
        const call: unknown = Reflect.get(target, method);
        if (typeof call !== 'function') return call;
        return (...args: unknown[]) => {
          const said = JSON.stringify(args.filter((arg) => typeof arg !== 'function' && !(arg instanceof AbortSignal)));
          const made = () => Promise.resolve(call.apply(target, args) as unknown);
          return faults.around(port as keyof Ports, method, said, made);
        };
      },
    });
    return [port, around] as const;
  });
  return { ...Object.fromEntries(struck), rows, rules, storage } as unknown as Ports;
}
