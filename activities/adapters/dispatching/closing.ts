/**
 * How long an orderly stop may take, in milliseconds. All adapters close at once, and those that have not ended by then are
 * reported. Each adapter gives its processes a few seconds to end, and a few more before it gives up.
 */
export const CLOSE_MS = 20_000;

export interface Closing {
  close?(): Promise<void>;
}

/** Closes all adapters of one port. Throws once all have ended or given up, with a line for each that was not ended. */
export async function closeEach(adapters: readonly Closing[]): Promise<void> {
  const ends = await Promise.allSettled(adapters.map(async (each) => each.close?.()));
  const left = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as Error).message] : []));
  if (left.length > 0) throw new Error(left.join('\n'));
}

/** Closes all adapters at once. Returns a sentence for each one that could not be ended. */
export async function closeAll(ports: Readonly<Record<string, Closing>>, mostMs = CLOSE_MS): Promise<string[]> {
  const left = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => {
      let clock: NodeJS.Timeout | undefined;
      const late = new Promise<string[]>((resolve) => {
        clock = setTimeout(() => resolve([`The ${name} did not stop within ${mostMs / 1_000} s`]), mostMs);
      });
      const closed = Promise.resolve(port.close?.()).then(
        (): string[] => [],
        (failure: unknown) => (failure as Error).message.split('\n'),
      );
      return Promise.race([closed, late]).finally(() => clearTimeout(clock));
    }),
  );
  return left.flat();
}
