import { readFileSync } from 'node:fs';

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const mutation = { ...jest, rootDir: '../..', testMatch: ['<rootDir>/test/mutation/all.ts'] };
delete mutation.globalSetup;
delete mutation.testSequencer;
export default mutation;
