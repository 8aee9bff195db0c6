import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { execa } from 'execa';
import { z } from 'zod';

/** A living process. `stopped`: it was stopped by a signal (SIGSTOP). */
interface Alive {
  token: string;
  stopped: boolean;
}

/**
 * Identifies a process by its start time, which differs for a later one with the same pid. On Linux that is field 22 of its
 * stat, in clock ticks since boot (proc(5)); elsewhere `ps` reports it. Undefined for a process that is gone or a zombie.
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
 * The fields of a process's stat from its state on (proc(5)). Empty if the process is gone. The name before them may contain
 * any characters.
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
 * The scope in which a pid is unique: one boot of one machine, and one pid namespace (pid_namespaces(7)), of which each
 * container has its own. The machine is recorded if it has an id (machine-id(5)).
 */
export const Origin = z.object({ boot: z.string(), namespace: z.string(), machine: z.string().optional() });
export type Origin = z.output<typeof Origin>;

let here: Promise<Origin | undefined> | undefined;
/** Our own origin. Undefined if the system does not report it. */
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
 * Whether we can see a process of that origin. `here`: yes. `over`: it ran in an earlier boot of this machine and is gone.
 * `elsewhere`: no, and it may be alive in another container or on another machine. Records without an origin come from older
 * versions and count as `here`.
 */
export const seenFrom = async (origin: Origin | undefined) => seen(origin, await ownOrigin());

export function seen(origin: Origin | undefined, us: Origin | undefined): 'here' | 'over' | 'elsewhere' {
  if (!origin || !us) return 'here';
  if (origin.boot === us.boot) return origin.namespace === us.namespace ? 'here' : 'elsewhere';
  return origin.machine !== undefined && origin.machine === us.machine ? 'over' : 'elsewhere';
}
