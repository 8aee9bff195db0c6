import base from '../../jest.config.js';

/** What judges without a sandbox or a server: the tables of the rules, the stories of the gates. */
const { globalSetup: _, testSequencer: __, ...rest } = base;
export default {
  ...rest,
  rootDir: '../..',
  testMatch: [
    '<rootDir>/test/workflows/{rules,words,gates}/**/*.test.ts',
    '<rootDir>/test/workflows/{rules,gates,bad-fields,snapshots}.test.ts',
  ],
};
