import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { createFile, roomFor } from '../files/disk.ts';
import { hashOf } from '../files/folders.ts';
import { readWord, recordAs } from '../files/reading.ts';
import { writeJson } from '../files/records.ts';
import { fenceArguments, type Fence } from './fence.ts';
import { endGroups, MARK } from './groups.ts';
import { isRenewed, TOUCH_MS } from './leases.ts';
import { logOf } from './logs.ts';
import { GRACE_ELSEWHERE_SECONDS, LOG_BYTES, SUPERVISOR } from './supervisor.ts';
import { isAlive, Origin, ownOrigin, seenFrom, tokenOf } from './tokens.ts';

/** The state of a command that was launched into a folder. Times are milliseconds since 1970. */
export type ProcessState =
  | { is: 'absent' }
  | { is: 'running'; since: number; lastOutputAt: number }
  | { is: 'exited'; code: number }
  /**
   * Ended without an exit code, because it was killed from outside, or its machine went down. `fenced`: it ended itself,
   * because its worker was not heard of for too long.
   */
  | { is: 'vanished'; fenced?: boolean };

export interface Launch {
  command: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdin?: string;
  /** Ends the command when no worker holds it any more. Without this, it ends by itself. */
  fence?: Fence | undefined;
  /** Called when the command is about to begin. */
  begins?: (() => void) | undefined;
}

const Launched = z.object({
  pid: z.number(),
  token: z.string(),
  at: z.number(),
  origin: Origin.optional(),
  cwd: z.string().optional(),
});

/**
 * Marks a folder whose command reports when it begins, which older versions do not. The origin of the launcher follows the
 * mark.
 */
const SAYS = ' says when it begins';
/** How long a launcher may take from its mark to the record of the process, in milliseconds. */
const LAUNCH_MS = 10_000;

const files = (folder: string) => ({
  marker: path.join(folder, 'launched'),
  record: path.join(folder, 'process.json'),
  begun: path.join(folder, 'begun'),
  alive: path.join(folder, 'alive'),
  end: path.join(folder, 'end'),
  exit: path.join(folder, 'exit'),
  fenced: path.join(folder, 'fenced'),
  stdin: path.join(folder, 'stdin'),
  stdout: logOf(folder, 'stdout'),
  stderr: logOf(folder, 'stderr'),
});

/**
 * Starts a command in its own process group, which outlives this worker. Later calls for the same folder do nothing, unless
 * the command could not begin, for example on a full disk: then the next call begins it.
 */
export async function launch(folder: string, request: Launch): Promise<void> {
  const { marker, record } = files(folder);
  await roomFor(folder, async () => {
    await mkdir(folder, { recursive: true });
    const unbegun = () => Promise.all([marker, record, files(folder).end].map((file) => rm(file, { force: true })));
    if ((await stateOf(folder)).is === 'absent') await unbegun();
    try {
      await createFile(marker, `${process.pid}${SAYS} ${JSON.stringify(await ownOrigin())}`);
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return;
      throw failure;
    }
    try {
      await begin(folder, request);
    } catch (failure) {
      await unbegun();
      throw failure;
    }
  });
}

async function begin(folder: string, { command, cwd, env, stdin = '', fence, begins }: Launch): Promise<void> {
  const { record, stdin: input, stdout, stderr } = files(folder);
  await writeFile(input, stdin);
  const [out, err] = [openSync(stdout, 'a'), openSync(stderr, 'a')];
  try {
    const { pauseMs, held } = fenceArguments(fence, TOUCH_MS);
    const limits = [LOG_BYTES, pauseMs / 1_000, GRACE_ELSEWHERE_SECONDS].map(String);
    const child = spawn('/bin/sh', ['-c', SUPERVISOR, 'gatehouse', command, folder, ...limits, ...held], {
      cwd,
      env: { ...env, [MARK]: hashOf(folder) },
      detached: true,
      stdio: ['pipe', out, err],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid!));
    });
    child.stdin!.on('error', () => undefined);
    try {
      await writeJson(record, {
        pid,
        token: (await tokenOf(pid)) ?? 'gone',
        at: Date.now(),
        origin: await ownOrigin(),
        cwd: await realpath(cwd),
      });
      begins?.();
      child.stdin!.write('go\n');
    } finally {
      child.stdin!.end(); // without that line it ends by itself
    }
    child.unref();
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

export async function stateOf(folder: string): Promise<ProcessState> {
  const { marker, record, exit, stdout, stderr } = files(folder);
  const launch = await readWord(marker);
  if (launch === undefined) return { is: 'absent' };
  const launched = await recordAs(record, Launched);
  const running = launched && (await isRunning(folder, launched));
  const code = await readWord(exit); // This is read after the process was checked, because the process writes it last.
  if (code) return { is: 'exited', code: Number(code) };
  if (running) {
    const outputs = await Promise.all([stdout, stderr].map(changedAt));
    return { is: 'running', since: launched.at, lastOutputAt: Math.max(launched.at, ...outputs) };
  }
  const between = !launched && (await isLaunching(launch));
  if (between && Date.now() - (await changedAt(marker)) < LAUNCH_MS)
    return { is: 'running', since: Date.now(), lastOutputAt: Date.now() };
  const { begun, fenced } = files(folder);
  // Its launcher was killed before the command could begin, so it counts as never launched.
  if (launch.includes(SAYS) && !existsSync(begun)) return { is: 'absent' };
  return { is: 'vanished', ...(existsSync(fenced) && { fenced: true }) };
}

/** Whether a process runs. One that we cannot see is judged by its lease instead of its pid. */
async function isRunning(folder: string, { pid, token, origin }: z.output<typeof Launched>): Promise<boolean> {
  const { alive, begun } = files(folder);
  switch (await seenFrom(origin)) {
    case 'here':
      return isAlive(pid, token);
    case 'over':
      return false;
    case 'elsewhere':
      return existsSync(begun) ? isRenewed(alive) : isRenewed(files(folder).record);
  }
}

/** Whether the process is visible to us. Processes in another container or on another machine are not. */
export async function isHere(folder: string): Promise<boolean> {
  const launched = await recordAs(files(folder).record, Launched);
  return (await seenFrom(launched?.origin)) === 'here';
}

async function isLaunching(marker: string): Promise<boolean> {
  const launcher = parseInt(marker, 10);
  const [, reported = ''] = marker.split(SAYS);
  const origin = Origin.safeParse(parsed(reported)).data;
  const from = await seenFrom(origin);
  return from === 'here' ? launcher === process.pid || (await tokenOf(launcher)) !== undefined : from === 'elsewhere';
}

/** Ends the whole group: SIGTERM first, SIGKILL after `graceMs`. Returns when no member is left. */
export async function end(folder: string, { graceMs }: { graceMs: number }): Promise<void> {
  const [left] = await endAll([folder], { graceMs });
  if (left) throw new Error(left);
}

/** Processes whose record was lost are still found by their mark. */
const UNKNOWN = { pid: NaN, token: '', at: 0 };

/** Like `end`, for many groups at once. Returns a sentence for each group that does not end. */
export async function endAll(folders: readonly string[], { graceMs }: { graceMs: number }): Promise<string[]> {
  const launched = await Promise.all(
    folders.map(async (folder) => {
      const group = await recordAs(files(folder).record, Launched);
      const from = group ? await seenFrom(group.origin) : existsSync(folder) ? 'here' : 'over';
      return { folder, from, group: { ...(group ?? UNKNOWN), mark: `${MARK}=${hashOf(folder)}`, folder } };
    }),
  );
  const ours = launched.flatMap(({ from, group }) => (from === 'here' ? [group] : []));
  const theirs = launched.filter(({ from }) => from === 'elsewhere');
  const [left, far] = await Promise.all([
    endGroups(ours, graceMs),
    Promise.all(theirs.map(({ folder, group }) => endElsewhere(folder, group, graceMs))),
  ]);
  const reported = left.map(({ group, pids }) => `The processes of ${group.folder} do not end: ${pids.join(', ')}`);
  return [...reported, ...far.flat()];
}

/** Asks a command that we cannot see to end, and does not wait for it. */
export async function askToEnd(folder: string): Promise<void> {
  await createFile(files(folder).end, '').catch(unlessThere);
}

/** Asks the command's supervisor, which can reach the group and checks for this request whenever it renews the lease. */
async function endElsewhere(folder: string, group: z.output<typeof Launched>, graceMs: number): Promise<string[]> {
  if (!(await isRunning(folder, group))) return [];
  await askToEnd(folder);
  for (const until = Date.now() + graceMs + 2 * TOUCH_MS + GRACE_ELSEWHERE_SECONDS * 1_000; Date.now() < until;) {
    if (!(await isRunning(folder, group))) return [];
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return [`The processes of ${folder} run in another container or on another machine, and do not end`];
}

function unlessThere(failure: NodeJS.ErrnoException): void {
  if (failure.code !== 'EEXIST') throw failure;
}

const changedAt = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
