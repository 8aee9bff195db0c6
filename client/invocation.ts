import path from 'node:path';
import { root } from '../worker/configuration/places.ts';

/** The package's name on the registry, where `gatehouse` is another project's. */
export const PACKAGE = 'gatehouse-temporal';

/**
 * What people type to call gatehouse: its name if it is installed for all folders, else through npx. npx finds the command
 * in a checkout and where the package is installed; elsewhere it needs the package's name.
 */
export function invocationOf(script: string, home = root): string {
  if (home.split(path.sep).includes('_npx')) return `npx ${PACKAGE}`;
  const isInstalledForAll =
    path.basename(script) === 'gatehouse' && !script.includes(path.join('node_modules', '.bin'));
  return isInstalledForAll ? 'gatehouse' : 'npx gatehouse';
}

/** A command of ours, ready to be pasted. */
export const typed = (words: string): string => `${invocationOf(process.argv[1] ?? '')} ${words}`;
