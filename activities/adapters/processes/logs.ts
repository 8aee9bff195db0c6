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
    const found = await file.stat();
    const size = found.isFile() ? found.size : 0;
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
