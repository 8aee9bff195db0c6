import { closeSync, constants, openSync } from 'node:fs';

/**
 * Distinguishes the two meanings of SIGHUP: the terminal was closed, so the process should end; or somebody asks it to read
 * its configuration again. The returned function says whether the terminal of this process has been closed since.
 */
export function terminalWatch(): () => boolean {
  const hadOne = hasTerminal();
  return () => hadOne && !hasTerminal();
}

/** Whether this process has a controlling terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDONLY | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}
