import {
  ActivityFailure,
  type CancellationScope,
  isCancellation,
  patched,
  rootCause,
  sleep,
} from '@temporalio/workflow';

/**
 * Has something go on beside the main line, until its scope is called off. Whatever else ends it is a bug: nobody handles
 * that, so the task fails with it, and a mended worker takes it on.
 */
export function inBackground(scope: CancellationScope, work: () => Promise<unknown>): void {
  void scope.run(work).catch((failure: unknown) => {
    if (!isCancellation(failure)) throw failure;
  });
}

/** A watch that the world refuses is told of, and begun anew: whoever is asked would wait for nothing otherwise. */
export async function restarting<T>(
  watch: () => Promise<T>,
  tell: (because: string) => void,
  summary: string,
): Promise<T> {
  for (;;) {
    try {
      return await watch();
    } catch (failure) {
      const refused = !isCancellation(failure) && failure instanceof ActivityFailure;
      if (!refused || !patched('watches-are-begun-anew')) throw failure;
      tell(rootCause(failure) ?? failure.message);
      await sleep('1 minute', { summary });
    }
  }
}
