import type { Stack } from '../local-stack/stack.ts';
import { terminalWatch } from '../../worker/configuration/hang-up.ts';
import { say } from './output.ts';

/**
 * Starts the stack, and listens for signals that stop it, even before it is up. SIGHUP is passed on to the worker, which then
 * reads its configuration file again, unless the terminal was closed.
 */
export async function untilStopped(
  start: (stop: AbortSignal) => Promise<Stack>,
): Promise<{ stack: Stack; interrupted: Promise<void>; signal: AbortSignal } | undefined> {
  // The reader of our output may end first (`up | tee log`). The stack must still stop cleanly.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const stopping = new AbortController();
  const isClosed = terminalWatch();
  let stack: Stack | undefined;
  const interrupted = new Promise<void>((resolve) => {
    const stop = () => {
      stopping.abort();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
    process.on('SIGHUP', () => (isClosed() ? stop() : stack?.reload()));
  });
  try {
    stack = await start(stopping.signal);
    return { stack, interrupted, signal: stopping.signal };
  } catch (failure) {
    if (stopping.signal.aborted) return undefined; // The stack was stopped, as requested.
    throw failure;
  }
}

/** Stops the stack. Returns whether everything ended cleanly. */
export async function stopped({ stop }: Pick<Stack, 'stop'>): Promise<boolean> {
  say('stopping: the worker first, the server last');
  const inOrder = await stop();
  say(inOrder ? 'stopped' : 'not everything could be stopped: see above');
  return inOrder;
}
