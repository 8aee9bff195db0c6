/**
 * An orderly stop takes so long at most, in milliseconds: all are asked at once, and whatever does not end by then is told.
 * Each adapter grants what it runs a few seconds, and insists for a few more.
 */
export const CLOSE_MS = 20_000;

interface Closing {
  close?(): Promise<void>;
}

/** Closes all together. Answers in words what could not be ended. */
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
