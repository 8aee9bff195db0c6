import { appendFileSync } from 'node:fs';
import type { Ledger } from '../ledger.ts';

/**
 * A ledger as lines of JSON in a file. Each is one write at the end, done before whoever notes it goes on: it outlives the
 * killing of its writer, and writers on one file never mix.
 */
export const fileLedger = (file: string): Ledger => ({
  note: (effect) =>
    appendFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), by: process.pid, ...effect })}\n`),
});
