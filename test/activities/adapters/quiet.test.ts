import { digestDay, quietUntil } from '../../../activities/adapters/dispatching/quiet.ts';

const BERLIN = 'Europe/Berlin';
const until = (from: string, to: string, at: string, zone = BERLIN) => {
  const end = quietUntil({ from, to, zone }, Date.parse(at));
  return end === undefined ? undefined : new Date(end).toISOString().slice(0, 16);
};

describe('quiet hours', () => {
  it.each([
    // Winter is one hour ahead of UTC, summer two.
    ['18:00', '08:00', '2026-11-29T16:59:59Z', undefined],
    ['18:00', '08:00', '2026-11-29T17:00:00Z', '2026-11-30T07:00'],
    ['18:00', '08:00', '2026-11-30T06:59:59Z', '2026-11-30T07:00'],
    ['18:00', '08:00', '2026-11-30T07:00:00Z', undefined],
    ['12:00', '13:00', '2026-07-01T10:30:00Z', '2026-07-01T11:00'],
    ['12:00', '13:00', '2026-07-01T11:00:00Z', undefined],
    // The night in which summer begins is an hour shorter: 02:00 is followed by 03:00.
    ['22:00', '08:00', '2026-03-28T21:30:00Z', '2026-03-29T06:00'],
    ['22:00', '02:30', '2026-03-29T00:59:00Z', '2026-03-29T01:30'],
    ['22:00', '02:30', '2026-03-29T01:30:00Z', undefined],
    // The night in which it ends is an hour longer: 02:00 to 03:00 comes twice.
    ['22:00', '08:00', '2026-10-24T21:00:00Z', '2026-10-25T07:00'],
    ['22:00', '02:30', '2026-10-25T00:15:00Z', '2026-10-25T00:30'],
    ['22:00', '02:30', '2026-10-25T01:15:00Z', undefined],
  ])('from %s to %s are at %s until %s', (from, to, at, end) => {
    expect(until(from, to, at)).toBe(end);
  });

  it('are those of the zone', () => {
    expect(until('00:00', '06:00', '2026-11-29T19:00:00Z', 'Asia/Kathmandu')).toBe('2026-11-30T00:15');
  });
});

describe('a digest', () => {
  const quiet = { from: '18:00', to: '08:00', zone: BERLIN };
  it.each([
    [undefined, quiet, '2026-11-29T12:00:00Z', undefined],
    ['09:00', quiet, '2026-11-29T07:59:59Z', undefined],
    ['09:00', quiet, '2026-11-29T08:00:00Z', '2026-11-29'],
    ['09:00', undefined, '2026-11-29T08:00:00Z', undefined],
    ['09:00', undefined, '2026-11-29T09:00:00Z', '2026-11-29'],
    ['00:30', quiet, '2026-11-28T23:30:00Z', '2026-11-29'],
    ['02:30', quiet, '2026-10-25T00:30:00Z', '2026-10-25'],
    ['02:30', quiet, '2026-10-25T01:30:00Z', '2026-10-25'],
  ])('at %s with %j is due at %s for %s', (digest, zone, at, day) => {
    expect(digestDay({ digest, quiet: zone }, Date.parse(at))).toBe(day);
  });
});
