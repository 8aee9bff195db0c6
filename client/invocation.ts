import path from 'node:path';
import { root } from '../worker/configuration/package-files.ts';

/** The package's name on the registry. The name `gatehouse` is taken there by another project. */
const PACKAGE = 'gatehouse-temporal';

/**
 * The command with which people call gatehouse: its name if it is installed globally, otherwise npx. npx finds the command
 * in a checkout and where the package is installed. Elsewhere it needs the package's name.
 */
export function invocationOf(script: string, home = root): string {
  if (home.split(path.sep).includes('_npx')) return `npx ${PACKAGE}`;
  const isInstalledForAll =
    path.basename(script) === 'gatehouse' && !script.includes(path.join('node_modules', '.bin'));
  return isInstalledForAll ? 'gatehouse' : 'npx gatehouse';
}

/** A gatehouse command, ready to paste. */
export const typed = (words: string): string => `${invocationOf(process.argv[1] ?? '')} ${words}`;
