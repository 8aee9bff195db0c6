import { readFile } from 'node:fs/promises';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { Usage } from './exit-codes.ts';

/** Reads the JSON object from the file that an option names. */
export async function jsonFileOf(option: string, file: string): Promise<Record<string, unknown>> {
  let read: unknown;
  try {
    read = JSON.parse(await readFile(file, 'utf8'));
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>;
  } catch (failure) {
    throw new Usage(`${option}: expected a JSON file: ${(failure as Error).message}`);
  }
  throw new Usage(`${option}: expected a JSON object, found ${found(read)}`);
}
