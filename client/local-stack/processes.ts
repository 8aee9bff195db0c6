import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';

/** A process as it is put on record: pids are given anew, so the time of its birth goes with it. */
export interface OnRecord {
  pid: number;
  birth: string;
  /** Where its pid means something (pid_namespaces(7)): each container has one of its own. */
  namespace?: string | undefined;
}

const ownNamespace = (): Promise<string | undefined> => readlink('/proc/self/ns/pid').catch(() => undefined);

/**
 * When a process was born, in words that only it answers with: on Linux boot and clock tick (proc(5), field 22 of stat),
 * elsewhere what `ps` says. None for one that is gone.
 */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const { stdout, failed } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { reject: false });
    return failed || stdout.trim() === '' || stdout.trim().startsWith('Z')
      ? undefined
      : stdout.trim().split(/\s+/).slice(1).join(' ');
  }
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    return `${(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()} ${fields[18]}`;
  } catch {
    return undefined;
  }
}

/** What to write down about a process, and whether what was written still stands for one that runs. */
export const recordOf = async (pid: number): Promise<string> =>
  JSON.stringify({
    pid,
    birth: (await birthOf(pid)) ?? 'gone',
    namespace: await ownNamespace(),
  } satisfies OnRecord);

/** Whether our look at pids says nothing of it: it may live in another container. */
export async function isElsewhere({ namespace }: OnRecord): Promise<boolean> {
  const own = await ownNamespace();
  return namespace !== undefined && own !== undefined && namespace !== own;
}

/** Reads a record; a broken one (written halfway when the power went) is none. */
export function readRecord(text: string): OnRecord | undefined {
  try {
    const { pid, birth, namespace } = JSON.parse(text) as Partial<OnRecord>;
    if (typeof pid !== 'number' || pid <= 0 || typeof birth !== 'string') return undefined;
    return { pid, birth, ...(typeof namespace === 'string' && { namespace }) };
  } catch {
    return undefined;
  }
}

export const stillRuns = async ({ pid, birth }: OnRecord): Promise<boolean> => (await birthOf(pid)) === birth;

/** Asks a process to end, waits, and insists. */
export async function end(pid: number, patience: number): Promise<void> {
  const birth = await birthOf(pid);
  if (birth === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + patience; Date.now() < until;) {
      if (!(await stillRuns({ pid, birth }))) return;
      await pause(50);
    }
  }
}
