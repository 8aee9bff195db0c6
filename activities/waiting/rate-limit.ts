/**
 * The number of polls that a worker makes per second for waiting runs. Each costs the worker about 10 ms, and the server a
 * task: polling 5,000 parked runs every 30 s would keep a machine busy (npm run bench, "parked").
 */
const POLLS_PER_SECOND = 3;

/** Returns how long a poll really waits if it asks to be repeated after this many milliseconds. */
export type RateLimit = (wish: number) => number;

/**
 * Shares the polls among all waiting activities. A few polls happen when they are due, but many are delayed. A poll that is
 * cancelled while it waits keeps its place, because nothing reports the cancellation.
 */
export function rateLimit(now: () => number = Date.now): RateLimit {
  const due = new Map<number, number>(); // the number of polls that are due, by second
  let waiting = 0;
  let passed = Math.floor(now() / 1_000);

  return (wish) => {
    for (const second = Math.floor(now() / 1_000); passed < second; passed += 1) {
      waiting -= due.get(passed) ?? 0;
      due.delete(passed);
    }
    const wait = Math.max(wish, (waiting / POLLS_PER_SECOND) * 1_000);
    const back = Math.floor((now() + wait) / 1_000);
    if (back >= passed) {
      due.set(back, (due.get(back) ?? 0) + 1);
      waiting += 1;
    }
    return wait;
  };
}
