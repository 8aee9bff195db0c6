import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** The code of Node's error for bytes that are not UTF-8. */
const NOT_UTF_8 = 'ERR_ENCODING_INVALID_ENCODED_DATA';

/**
 * Reads a text file of the operator, up to a size in bytes. It follows links, because mounted secrets are links, and does
 * not wait for pipes. `because` completes "it is …"; `none`: there is nothing at the path.
 */
export function readRegular(file: string, most: number): { text: string } | { because: string; none?: true } {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (failure) {
    const { code = 'unreadable' } = failure as NodeJS.ErrnoException;
    return code === 'ENOENT' ? { because: 'not there', none: true } : { because: `not readable (${code})` };
  }
  try {
    const found = fstatSync(handle);
    if (!found.isFile()) return { because: found.isDirectory() ? 'a folder' : 'a pipe or a device' };
    const bytes = Buffer.alloc(most + 1); // more than its size says, because it may still grow
    const length = readSync(handle, bytes, 0, most + 1, 0);
    if (length > most) return { because: `larger than ${most} bytes` };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)) };
  } catch (failure) {
    const { code = 'unreadable' } = failure as NodeJS.ErrnoException;
    return { because: code === NOT_UTF_8 ? 'not UTF-8' : `not readable (${code})` };
  } finally {
    closeSync(handle);
  }
}
