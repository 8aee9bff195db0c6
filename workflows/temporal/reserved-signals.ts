const RESERVED = '__temporal_';

interface Activator {
  signalHandlers: Map<string, { handler?: (raw: unknown) => void }>;
}

/**
 * Ignores signals whose names the SDK reserves. The SDK throws when such a signal arrives at a workflow with a default
 * signal handler, so that anybody who may signal could fail every workflow task of a run for good. It lets a name through
 * that has a handler of its own, but `setHandler` refuses reserved names: so the SDK's map of handlers answers for them.
 */
export function ignoreReservedSignals(): void {
  const { signalHandlers } = (globalThis as unknown as { __TEMPORAL_ACTIVATOR__: Activator }).__TEMPORAL_ACTIVATOR__;
  const { has, get } = signalHandlers;
  signalHandlers.has = (name) => name.startsWith(RESERVED) || has.call(signalHandlers, name);
  signalHandlers.get = (name) =>
    name.startsWith(RESERVED) && !has.call(signalHandlers, name)
      ? { handler: () => undefined }
      : get.call(signalHandlers, name);
}
