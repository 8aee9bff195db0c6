import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

/** A process as the system knows it. Stopped: it stands still until somebody lets it go on (SIGSTOP). */
interface Alive {
  token: string;
  stopped: boolean;
}

/**
 * What tells a process from a later one with the same pid: when it was started. On Linux that is field 22 of its stat,
 * in clock ticks since boot (proc(5)); elsewhere `ps` knows. None for one that is gone, or is only still to be reaped.
 */
export async function lookAt(pid: number): Promise<Alive | undefined> {
  const [state = 'Z', token = ''] = process.platform === 'linux' ? await byProc(pid) : await byPs(pid);
  return /^[ZX]/.test(state) ? undefined : { token, stopped: state.startsWith('T') };
}

async function byProc(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? [] : [state!, fields[18]!];
}

async function byPs(pid: number): Promise<string[]> {
  const { stdout, failed } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { reject: false });
  const [state = 'Z', ...start] = stdout.trim().split(/\s+/);
  return failed ? [] : [state, start.join(' ')];
}

export const tokenOf = async (pid: number): Promise<string | undefined> => (await lookAt(pid))?.token;
export const isAlive = async (pid: number, token: string): Promise<boolean> => (await tokenOf(pid)) === token;

let own: Promise<string> | undefined;
export const ownToken = (): Promise<string> => (own ??= tokenOf(process.pid).then((token) => token ?? 'unknown'));
