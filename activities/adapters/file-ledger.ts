import { appendFileSync } from 'node:fs';
import type { Ledger } from '../ledger.ts';

/**
 * A ledger as lines of JSON in a file. Each line is one append, completed before its caller continues, so it survives the
 * death of its writer, and the lines of several writers never mix.
 */
export const fileLedger = (file: string): Ledger => ({
  note: (effect) =>
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), by: process.pid, ...effect })}\n`),
});
