import { rateLimit } from '../../activities/waiting/rate-limit.ts';

let now = 0;
const pace = () => rateLimit(() => now);
beforeEach(() => void (now = 1_000_000));

it('does not delay a few polls', () => {
  const next = pace();
  expect(Array.from({ length: 90 }, () => next(30_000))).toEqual(Array(90).fill(30_000));
});

it('limits the polls per second, however many activities wait', () => {
  const next = pace();
  const due = Array.from({ length: 5_000 }, () => now + next(30_000));
  const polls = new Map<number, number>();
  // For an hour, each activity polls when it is due, and waits again.
  for (const until = now + 3_600_000; now < until; now += 1_000) {
    for (const [index, at] of due.entries()) {
      if (at > now) continue;
      const second = Math.floor(now / 1_000);
      polls.set(second, (polls.get(second) ?? 0) + 1);
      due[index] = now + next(30_000);
    }
  }
  const seconds = [...polls].filter(([second]) => second > 1_600).map(([, count]) => count);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(12);
  const perSecond = seconds.reduce((sum, count) => sum + count, 0) / 3_000;
  expect(perSecond).toBeGreaterThan(2);
  expect(perSecond).toBeLessThan(4);
});

it('forgets polls that are over', () => {
  const next = pace();
  for (let index = 0; index < 2_000; index += 1) next(10_000);
  expect(next(10_000)).toBeGreaterThan(60_000);
  now += 3_600_000;
  expect(next(10_000)).toBe(10_000);
});
