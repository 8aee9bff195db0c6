import TestSequencer from '@jest/test-sequencer';

/** The slowest tests start first, so that no processor is idle at the end: a long test mostly waits. */
const LONG = ['/test/e2e/', '/test/agents/', 'sdk-contract.test.ts', '/test/replay/', '/test/activities/adapters/'];
const rank = ({ path }) => {
  const found = LONG.findIndex((part) => path.includes(part));
  return found === -1 ? LONG.length : found;
};

/** Jest's own order by the last duration of each file, where known; otherwise by kind. */
export default class Sequencer extends TestSequencer {
  sort(tests) {
    const known = super.sort(tests);
    return known.some(({ duration }) => duration !== undefined) ? known : known.toSorted((a, b) => rank(a) - rank(b));
  }
}
