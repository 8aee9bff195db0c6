import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { startStack, type Stack } from '../local-stack/stack.ts';
import { isJson } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print, say } from './output.ts';

export function addUp(program: Command, ended: Ended): void {
  const up = program
    .command('up')
    .description('The local stack, in the foreground: Temporal with its Web UI, and a worker.');
  up.action(async () => {
    const stack = await untilStopped((stop) => startStack(readConfig(), say, stop));
    if (!stack) return;
    const { stop, workerPid, ...shown } = stack.stack;
    print(isJson(up), { ...shown, workerPid: workerPid() }, () =>
      [
        `gatehouse is up at ${shown.address}`,
        shown.uiUrl && `Web UI: ${shown.uiUrl}`,
        shown.temporalPath && `temporal: ${shown.temporalPath}`,
        shown.codecEndpoint && `codec server: ${shown.codecEndpoint}`,
        'One Ctrl-C ends it in order.',
      ]
        .filter(Boolean)
        .join('\n'),
    );
    await stack.interrupted;
    say('stopping: the worker first, the server last');
    const inOrder = await stop();
    say(inOrder ? 'stopped' : 'stopped, but not all of it: see above');
    if (!inOrder) ended(EXIT.failed);
  });
}

/** Starts the stack, and says when somebody wants it ended: also one who does not wait for it to be up. */
export async function untilStopped(
  start: (stop: AbortSignal) => Promise<Stack>,
): Promise<{ stack: Stack; interrupted: Promise<void>; signal: AbortSignal } | undefined> {
  // Whoever listened to us may end first (`up | tee log`): that is no reason to leave everything behind.
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
