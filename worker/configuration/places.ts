import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** Whether this code runs from a build (`client/building/`). Tests and benchmarks run the sources. */
export const isBuilt = !here.endsWith('.ts');

/** The folder of the package: two levels above this file, and above each file of a build. */
export const root = path.resolve(path.dirname(here), '..', '..');

/** A file that is loaded by its path: its place among the sources, and its name in a build. */
export const fileOf = (source: string, built: string): string =>
  isBuilt ? path.join(path.dirname(here), built) : path.join(root, source);
