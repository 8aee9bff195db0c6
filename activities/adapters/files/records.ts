import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { roomFor } from './disk.ts';

/** Writes so that a reader sees the old text or the new one, never half of it. */
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

/** Writes a record that lies where agents can reach it: a folder in its place is nothing of ours, and goes. */
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

/** What a file holds, or nothing when it is not there. What does not fit the schema is an error. */
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
