import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { openAsItIs } from '../files/reading.ts';

type Stream = 'stdout' | 'stderr';

/** The log of a command that was launched into this folder (`supervisor.ts`). */
export const logOf = (folder: string, stream: Stream): string => path.join(folder, `${stream}.log`);

/** The last characters that a command has printed. */
export async function tailOf(folder: string, stream: Stream, characters: number): Promise<string> {
  const log = logOf(folder, stream);
  const last = await endOf(log, characters * 4);
  // A full log is continued: its beginning is in the earlier file.
  const first = await endOf(log.replace(/\.log$/, '.earlier.log'), characters * 4 - last.length);
  return Buffer.concat([first, last]).toString('utf8').slice(-characters);
}

/** The last characters of both streams, standard error last. */
export async function lastWordsOf(folder: string, characters: number): Promise<string> {
  const [out, err] = [await tailOf(folder, 'stdout', characters), await tailOf(folder, 'stderr', characters)];
  return `${out}\n${err}`.trim().slice(-characters);
}

async function endOf(log: string, bytes: number): Promise<Buffer> {
  const file = await openAsItIs(log).catch(() => undefined);
  if (!file) return Buffer.alloc(0);
  try {
    const size = await sizeOf(file);
    return await bytesOf(file, Math.max(0, size - bytes), size);
  } finally {
    await file.close();
  }
}

/** A part of a log. Offsets count bytes from the beginning of what is kept on disk. */
export interface LogPart {
  bytes: Buffer;
  offset: number;
  size: number;
}

/**
 * At most so many bytes of what a command has printed, from an offset. Beyond the end, as after a full log was replaced, the last
 * ones. Undefined if nothing was ever kept.
 */
export async function partOf(
  folder: string,
  stream: Stream,
  { offset, most }: { offset: number; most: number },
): Promise<LogPart | undefined> {
  const log = logOf(folder, stream);
  const earlier = await openAsItIs(log.replace(/\.log$/, '.earlier.log')).catch(() => undefined);
  const last = await openAsItIs(log).catch(() => undefined);
  try {
    if (!earlier && !last) return undefined;
    const [before, now] = [await sizeOf(earlier), await sizeOf(last)];
    const size = before + now;
    const from = offset > size ? Math.max(0, size - most) : offset;
    const end = Math.min(size, from + most);
    const bytes = Buffer.concat([
      await bytesOf(earlier, from, Math.min(end, before)),
      await bytesOf(last, Math.max(0, from - before), end - before),
    ]);
    return { bytes, offset: from, size };
  } finally {
    await earlier?.close();
    await last?.close();
  }
}

async function sizeOf(file: FileHandle | undefined): Promise<number> {
  const found = await file?.stat();
  return found?.isFile() ? found.size : 0;
}

async function bytesOf(file: FileHandle | undefined, from: number, to: number): Promise<Buffer> {
  if (!file || to <= from) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}
