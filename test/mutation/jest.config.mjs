import { readFileSync } from 'node:fs';

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** What judges without a sandbox or a server: the tables of the rules, the stories of the gates. */
const quick = {
  ...jest,
  rootDir: '../..',
  testMatch: [
    '<rootDir>/test/workflows/gates/**/*.test.ts',
    '<rootDir>/test/workflows/{rules,gates,bad-fields,snapshots}.test.ts',
    '<rootDir>/test/workflows/{rules,words}/**/*.test.ts',
  ],
  testPathIgnorePatterns: ['gates/companion', 'gates/human-test'],
};
delete quick.globalSetup;
delete quick.testSequencer;
export default quick;
