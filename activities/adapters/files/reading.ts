import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { z } from 'zod';

/** What was found at a path. `odd`: not a file, or a file that is too large. */
export type FileRead = { is: 'none' } | { is: 'read'; bytes: Buffer } | { is: 'odd'; what: string };

/** Opens a file without following links and without waiting for pipes. */
export async function openAsItIs(file: string | Buffer): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/**
 * Reads a file that somebody else has written, up to a size in bytes. Anything else at its path is returned as `odd`, not
 * thrown.
 */
export async function readBounded(file: string | Buffer, most: number): Promise<FileRead> {
  try {
    const handle = await openAsItIs(file);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return { is: 'odd', what: found.isDirectory() ? 'a folder' : 'a pipe or a device' };
      if (found.size > most) return { is: 'odd', what: `${found.size} bytes long, of at most ${most}` };
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(found.size), 0, found.size, 0);
      return { is: 'read', bytes: buffer.subarray(0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'none' };
    if (code === 'ELOOP') return { is: 'odd', what: 'a link' };
    if (code === 'ENXIO') return { is: 'odd', what: 'a socket' };
    if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR') return { is: 'odd', what: message };
    throw failure;
  }
}

/** Decodes text. A byte order mark is removed. */
export function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le').replace(/^\ufeff/, '');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** Reads a text of ours that agents can reach. Undefined if there is no file, and empty if something else is there. */
export async function readWord(file: string): Promise<string | undefined> {
  const found = await readBounded(file, RECORD_BYTES);
  return found.is === 'none' ? undefined : found.is === 'read' ? textOf(found.bytes) : '';
}

/** Reads a record of ours that agents can reach. Undefined if it is not JSON. */
export async function readRecord(file: string): Promise<unknown> {
  try {
    return JSON.parse((await readWord(file)) ?? '');
  } catch (failure) {
    if (failure instanceof SyntaxError) return undefined;
    throw failure;
  }
}

/** Like `readRecord`, but undefined if the record does not fit the schema. */
export async function recordAs<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  return schema.safeParse(await readRecord(file)).data;
}
const RECORD_BYTES = 64_000_000;
