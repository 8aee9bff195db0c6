/**
 * So many waiting looks a worker does per second, however many wait. Each costs it some 10 ms, and the server a task: 5,000
 * parked runs that were looked at every 30 s would keep a machine busy with nothing (npm run bench, "parked").
 */
const POLLS_PER_SECOND = 3;

/** How long a look that wishes to come back after so many milliseconds is to wait. */
export type RateLimit = (wish: number) => number;

/**
 * Shares the looks among all that wait: few come back as soon as they wish, many later. A look that was called off while
 * it waited is counted until it would have come back: nobody tells us.
 */
export function rateLimit(now: () => number = Date.now): RateLimit {
  const due = new Map<number, number>(); // the second in which looks come back, and how many do
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
