import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { statFieldsOf, tokenOf } from './tokens.ts';

/**
 * A process group. Members that left it by `setsid` are found by a mark in their environment or, if the mark is gone
 * (`env -i`, a server that overwrites its title), by their working folder.
 */
export interface Group {
  pid: number;
  token: string;
  mark: string;
  /** The folder that was made for the command, without links. */
  cwd?: string | undefined;
}

/** Marks our own git processes. A process in a job's checkout without this mark was left there by the job. */
export const OURS = 'GATEHOUSE_OWN';

/** Marks the members of a process group. */
export const MARK = 'GATEHOUSE_PROCESS';

/** How long SIGKILL is repeated for members that ignored SIGTERM, in milliseconds. */
const INSIST_MS = 5_000;
const PAUSE_MS = { first: 20, longest: 200 };

/**
 * Ends several groups at once: SIGTERM first, SIGKILL after `graceMs`. Returns when no member is left, or with the pids that
 * do not end.
 */
export async function endGroups<G extends Group>(
  groups: readonly G[],
  graceMs: number,
): Promise<{ group: G; pids: number[] }[]> {
  let left = await membersOf(groups);
  signal(left, 'SIGTERM');
  const begun = Date.now();
  for (let pause = PAUSE_MS.first; left.size > 0; pause = Math.min(pause * 1.5, PAUSE_MS.longest)) {
    const over = Date.now() - begun - graceMs;
    if (over > INSIST_MS) break;
    if (over >= 0) signal(left, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, pause));
    left = await membersOf([...left.keys()]);
  }
  return [...left].map(([group, pids]) => ({ group, pids }));
}

function signal(members: ReadonlyMap<Group, number[]>, name: NodeJS.Signals): void {
  for (const pid of [...members.values()].flat()) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended already, or we may not end it. Then it is reported below.
    }
  }
}

/**
 * The living members of each group that has any. A recycled pid does not count: a group has ended if its leader's pid
 * belongs to another process.
 */
async function membersOf<G extends Group>(groups: readonly G[]): Promise<Map<G, number[]>> {
  if (groups.length === 0) return new Map();
  const led = new Map<number, G>();
  for (const group of groups) {
    const leader = await tokenOf(group.pid);
    if (leader === undefined || leader === group.token) led.set(group.pid, group);
  }
  if (process.platform !== 'linux') {
    return new Map([...led.values()].filter(({ pid }) => isThere(-pid)).map((group) => [group, [-group.pid]]));
  }
  const marks = new Map(groups.map((group) => [group.mark, group]));
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const members = new Map<G, number[]>();
  await Promise.all(
    pids.map(async (pid) => {
      const found = await statOf(pid);
      if (found === undefined) return;
      const group = led.get(found.group) ?? (await markedBy(pid, marks)) ?? (await workingIn(pid, found, groups));
      if (group) members.set(group, [...(members.get(group) ?? []), pid]);
    }),
  );
  return members;
}

interface Stat {
  group: number;
  terminal: number;
}

/** The process group and the controlling terminal of a living process: fields 5 and 7 of its stat (proc(5)). */
async function statOf(pid: number): Promise<Stat | undefined> {
  const [state = 'X', , group, , terminal] = await statFieldsOf(pid);
  return state === 'Z' || state === 'X' ? undefined : { group: Number(group), terminal: Number(terminal) };
}

/**
 * The group in whose folder an unmarked process works. A person's shell is recognised by its terminal, and our own git by
 * its mark.
 */
async function workingIn<G extends Group>(
  pid: number,
  { terminal }: Stat,
  groups: readonly G[],
): Promise<G | undefined> {
  if (terminal !== 0 || pid === process.pid) return undefined;
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  const group = groups.find((each) => each.cwd !== undefined && (cwd === each.cwd || cwd.startsWith(`${each.cwd}/`)));
  if (!group || (await stat(`/proc/${pid}`).catch(() => undefined))?.uid !== process.getuid?.()) return undefined;
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  const isKnown = environment.split('\0').some((entry) => entry.startsWith(`${OURS}=`) || entry.startsWith(`${MARK}=`));
  return isKnown ? undefined : group;
}

async function markedBy<G>(pid: number, marks: ReadonlyMap<string, G>): Promise<G | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  for (const entry of environment.split('\0')) {
    const group = marks.get(entry);
    if (group) return group;
  }
  return undefined;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
