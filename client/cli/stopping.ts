import type { Stack } from '../local-stack/stack.ts';
import { say } from './output.ts';

/** Starts the stack, and reports when somebody wants it to end, even before it is up. */
export async function untilStopped(
  start: (stop: AbortSignal) => Promise<Stack>,
): Promise<{ stack: Stack; interrupted: Promise<void>; signal: AbortSignal } | undefined> {
  // A reader of our output may end first (`up | tee log`). That is no reason to leave everything behind.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopping = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        stopping.abort();
        resolve();
      });
    }
  });
  try {
    return { stack: await start(stopping.signal), interrupted, signal: stopping.signal };
  } catch (failure) {
    if (stopping.signal.aborted) return undefined; // it was asked to end, and has
    throw failure;
  }
}

/** Stops the stack. Answers whether all of it has ended in order. */
export async function stopped({ stop }: Pick<Stack, 'stop'>): Promise<boolean> {
  say('stopping: the worker first, the server last');
  const inOrder = await stop();
  say(inOrder ? 'stopped' : 'stopped, but not all of it: see above');
  return inOrder;
}
