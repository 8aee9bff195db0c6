import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { roomFor } from './disk.ts';

/** Replaces a file atomically: a reader sees the old text or the new one, never a part of it. */
export async function writeFileAtomically(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await roomFor(path.dirname(file), async () => {
    try {
      await writeFile(draft, text);
      await rename(draft, file);
    } catch (failure) {
      await rm(draft, { force: true });
      throw failure;
    }
  });
}

/** Writes a record that agents can reach. A folder at its path is not ours, and is removed. */
export async function writeRecord(file: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(file, text);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EISDIR') throw failure;
    await rm(file, { recursive: true, force: true });
    await writeFileAtomically(file, text);
  }
}

export const writeJson = (file: string, value: unknown) => writeFileAtomically(file, JSON.stringify(value, null, 1));

/** Reads a record. Undefined if there is none. Throws if it does not fit the schema. */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readText(file);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (failure) {
    if (['ENOENT', 'ENOTDIR'].includes((failure as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw failure;
  }
}
