import { closedFor } from '../../../../activities/adapters/hosted/changes/looking.ts';

it.each([
  [undefined, 1_000, 60_000],
  [undefined, 61_000, 0],
  ['1970-01-01T00:00:00.500Z', 60_600, 0],
  ['1970-01-01T00:01:00.000Z', 31_000, 30_000],
  ['no time', 31_000, 30_000],
])('closed at %s and first seen at 1 s, counts at %d in %d ms', (closedAt, now, left) => {
  expect(closedFor({ closedAt }, { since: 1_000, now, closedMs: 60_000 })).toBe(left);
});
