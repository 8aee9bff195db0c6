import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { execa } from 'execa';
import { z } from 'zod';

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
  const [state, ...fields] = await statFieldsOf(pid);
  return state === undefined ? [] : [state, fields[18]!];
}

/**
 * The fields of a process's stat from the third on, its state (proc(5)); none when it is gone. Its name may hold anything.
 */
export async function statFieldsOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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

/**
 * Where a pid means something: one boot of one machine, and there one pid namespace (pid_namespaces(7)), of which each
 * container has its own. The machine is named where it has a name of its own (machine-id(5)).
 */
export const Origin = z.object({ boot: z.string(), namespace: z.string(), machine: z.string().optional() });
export type Origin = z.output<typeof Origin>;

let here: Promise<Origin | undefined> | undefined;
/** Where we are ourselves; unknown where the system has no such thing. */
export const ownOrigin = (): Promise<Origin | undefined> => (here ??= readOrigin());

async function readOrigin(): Promise<Origin | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const namespace = await readlink('/proc/self/ns/pid');
    const id = (await readFile('/etc/machine-id', 'utf8').catch(() => '')).trim();
    return { boot, namespace, ...(id && { machine: `${id} ${hostname()}` }) };
  } catch {
    return undefined;
  }
}

/**
 * What our own look at pids says of a process from there. Here: all. Over: that boot of this very machine is, and its
 * processes with it. Elsewhere: nothing, for it may be alive in another container or on another machine. Records that name
 * no origin are older, and ours.
 */
export const seenFrom = async (origin: Origin | undefined) => seen(origin, await ownOrigin());

export function seen(origin: Origin | undefined, us: Origin | undefined): 'here' | 'over' | 'elsewhere' {
  if (!origin || !us) return 'here';
  if (origin.boot === us.boot) return origin.namespace === us.namespace ? 'here' : 'elsewhere';
  return origin.machine !== undefined && origin.machine === us.machine ? 'over' : 'elsewhere';
}
