/**
 * Polls until the function returns something. Throws with `what` if it never does. Polls become less frequent, because
 * each one takes time.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (let pause = 50; ; pause = Math.min(pause * 1.2, 500)) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`Timed out waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
