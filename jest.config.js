/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { globalsCleanup: 'off' },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/client/local-stack/sample', '<rootDir>/build'],
  testTimeout: 60_000,
  globalSetup: '<rootDir>/test/support/acquire.ts',
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  maxWorkers: 2,
};
