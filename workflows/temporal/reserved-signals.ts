const RESERVED = '__temporal_';

interface Activator {
  signalHandlers: Map<string, { handler?: (raw: unknown) => void }>;
}

/**
 * Ignores signals whose names the SDK reserves. When such a signal reaches a workflow with a default signal handler, the
 * SDK throws. So anybody who may signal could fail every workflow task of a run. The SDK accepts a reserved name that has
 * its own handler, but `setHandler` refuses to set one. So this changes the SDK's map of handlers.
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
