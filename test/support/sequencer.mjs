import TestSequencer from '@jest/test-sequencer';

/** What takes longest begins first, so that no processor is idle at the end: a long test's time is mostly waiting. */
const LONG = ['/test/e2e/', 'sdk-contract.test.ts', '/test/replay/', '/test/activities/adapters/'];
const rank = ({ path }) => {
  const found = LONG.findIndex((part) => path.includes(part));
  return found === -1 ? LONG.length : found;
};

/** Jest's own order, by how long each file took last time, where it has been run; else by kind. */
export default class Sequencer extends TestSequencer {
  sort(tests) {
    const known = super.sort(tests);
    return known.some(({ duration }) => duration !== undefined) ? known : known.toSorted((a, b) => rank(a) - rank(b));
  }
}
