import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';

/** A recorded process. Pids are reused, so the record includes the time at which the process started. */
export interface OnRecord {
  pid: number;
  birth: string;
  /** The namespace of its pid (pid_namespaces(7)). Each container has its own. */
  namespace?: string | undefined;
}

const ownNamespace = (): Promise<string | undefined> => readlink('/proc/self/ns/pid').catch(() => undefined);

/**
 * A text that identifies the start of a process: on Linux the boot id and the clock tick (proc(5), field 22 of stat),
 * elsewhere the start time from `ps`. Undefined if the process has ended.
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

/** The record of a process, as text. */
export const recordOf = async (pid: number): Promise<string> =>
  JSON.stringify({
    pid,
    birth: (await birthOf(pid)) ?? 'gone',
    namespace: await ownNamespace(),
  } satisfies OnRecord);

/** Whether the process is in another pid namespace, such as a container, where we cannot see it. */
export async function isElsewhere({ namespace }: OnRecord): Promise<boolean> {
  const own = await ownNamespace();
  return namespace !== undefined && own !== undefined && namespace !== own;
}

/** Parses a record. Undefined if it is broken, for example because the power failed while it was written. */
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

/** Ends a process with SIGTERM, and with SIGKILL if it is still running after timeoutMs milliseconds. */
export async function end(pid: number, timeoutMs: number): Promise<void> {
  const birth = await birthOf(pid);
  if (birth === undefined) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + timeoutMs; Date.now() < until;) {
      if (!(await stillRuns({ pid, birth }))) return;
      await pause(50);
    }
  }
}
