/**
 * How many waiting polls a worker makes per second. Each costs it some 10 ms, and the server a task: 5,000 parked runs
 * polled every 30 s would keep a machine busy with nothing (npm run bench, "parked").
 */
const POLLS_PER_SECOND = 3;

/** How long a poll waits that is due again after this many milliseconds. */
export type RateLimit = (wish: number) => number;

/**
 * Shares the polls among all that wait: a few are made when they are due, many are made later. A poll that is cancelled
 * while it waits keeps its place, because nothing reports the cancellation.
 */
export function rateLimit(now: () => number = Date.now): RateLimit {
  const due = new Map<number, number>(); // the seconds in which polls are due, and how many are
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
