import { execa } from 'execa';
import { isFolder } from '../../files/clearing.ts';

/** How long a folder is measured, in milliseconds. One that takes longer has no size. */
const LIMIT_MS = 10_000;

/** How much of the disk folders take, in bytes. Undefined if that takes too long. */
export async function bytesIn(folders: readonly string[]): Promise<number | undefined> {
  const there: string[] = [];
  for (const folder of folders) if (await isFolder(folder)) there.push(folder);
  if (there.length === 0) return 0;
  // `du` counts what vanishes meanwhile, or cannot be read, as a failure. What it could count is printed all the same.
  const { stdout, timedOut } = await execa('du', ['-sk', ...there], {
    reject: false,
    timeout: LIMIT_MS,
    stderr: 'ignore',
  });
  if (timedOut) return undefined;
  const sizes = stdout.split('\n').map((line) => Number.parseInt(line, 10) * 1_024);
  return sizes.filter((size) => !Number.isNaN(size)).reduce((sum, size) => sum + size, 0);
}
