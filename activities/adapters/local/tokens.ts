import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/**
 * What tells a process from a later one with the same pid: when it was started. On Linux that is field 22 of its stat,
 * in clock ticks since boot (proc(5)); elsewhere `ps` knows. None for one that is gone, or is only still to be reaped.
 */
export async function tokenOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return tokenByPs(pid);
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

async function tokenByPs(pid: number): Promise<string | undefined> {
  const { stdout, failed } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { reject: false });
  const [stat = 'Z', ...start] = stdout.trim().split(/\s+/);
  return failed || stat.startsWith('Z') ? undefined : start.join(' ');
}

export const isAlive = async (pid: number, token: string): Promise<boolean> => (await tokenOf(pid)) === token;

let own: Promise<string> | undefined;
export const ownToken = (): Promise<string> => (own ??= tokenOf(process.pid).then((token) => token ?? 'unknown'));
