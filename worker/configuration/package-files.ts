import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** Whether this code runs from a build (`client/building/`) and not from the sources, as in tests and benchmarks. */
export const isBuilt = !here.endsWith('.ts');

/** The folder of the package. It is two levels above this file, and above each file of a build. */
export const root = path.resolve(path.dirname(here), '..', '..');

/** The path of a file that is loaded by path: `source` in a checkout, or `built` in a build. */
export const fileOf = (source: string, built: string): string =>
  isBuilt ? path.join(path.dirname(here), built) : path.join(root, source);
