import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Location } from './connecting.ts';
import { URL_EXPECTED, isDatabaseUrl } from './variables.ts';

/** The name of the SQLite file in a data folder. */
export const STATE_FILE = 'state.db';

interface Given {
  GATEHOUSE_DATABASE_URL?: string | undefined;
  GATEHOUSE_DATABASE_URL_FILE?: string | undefined;
}

/**
 * Where the database of a data folder is. Throws an error with a line about the variable that is wrong. It never contains
 * the address, which has a password in it.
 */
export function locationOf(
  { GATEHOUSE_DATABASE_URL: url, GATEHOUSE_DATABASE_URL_FILE: file }: Given,
  root: string,
): Location {
  if (file === undefined) return url === undefined ? { file: path.join(root, STATE_FILE) } : { url };
  const name = 'GATEHOUSE_DATABASE_URL_FILE';
  if (url !== undefined) throw new Error(`${name}: expected GATEHOUSE_DATABASE_URL to be unset`);
  const text = textOf(file, name);
  if (!isDatabaseUrl(text)) throw new Error(`${name}: expected a file with ${URL_EXPECTED}`);
  return { url: text };
}

function textOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (failure) {
    const { code = 'unreadable' } = failure as NodeJS.ErrnoException;
    throw new Error(`${name}: expected a readable file; ${file} is not (${code})`, { cause: failure });
  }
}
