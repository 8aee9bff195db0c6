import { mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 500;

/** Whether this process is there. A pid that was given to another process counts as there: then we wait, or refuse. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes a lock file, or answers who has it. A lock whose holder is gone is taken over. */
export async function takeLock(file: string): Promise<{ heldBy?: number; release: () => Promise<void> }> {
  await mkdir(path.dirname(file), { recursive: true });
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { release: () => rm(file, { force: true }) };
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && holder !== process.pid && isRunning(holder)) {
      return { heldBy: holder, release: () => Promise.resolve() };
    }
    if (holder > 0) await rm(file, { force: true });
    else await pause(50); // being written, or just released
  }
}

/** Works alone, waiting for its turn. */
export async function soleHolder<T>(
  file: string,
  { say, waitingFor }: { say: (line: string) => void; waitingFor: string },
  work: () => Promise<T>,
): Promise<T> {
  for (let told = false; ; told = true) {
    const { heldBy, release } = await takeLock(file);
    if (heldBy === undefined) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!told) say(`waiting for ${waitingFor} (pid ${heldBy})`);
    await pause(PAUSE_MS);
  }
}
