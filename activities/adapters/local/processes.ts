import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { hashOf, readJson, readText, writeJson } from './folders.ts';
import { isAlive, tokenOf } from './tokens.ts';

/** How a command stands that was launched into a folder. Times are milliseconds since 1970. */
export type ProcessState =
  | { is: 'absent' }
  | { is: 'running'; since: number; lastOutputAt: number }
  | { is: 'exited'; code: number }
  /** Gone without an exit code: killed from outside, or with its machine. */
  | { is: 'vanished' };

export interface Launch {
  command: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdin?: string;
  /** Told when the command is about to begin, and will. */
  begins?: (() => void) | undefined;
}

const Launched = z.object({ pid: z.number(), token: z.string(), at: z.number() });

/**
 * Runs the command, and writes its exit code where the next worker finds it. It waits for a line on its standard input
 * before it begins: until then its pid is on record. The command comes as an argument, never as part of the script.
 */
const WRAPPER = `
read -r go || exit 125
[ "$go" = go ] || exit 125
: > "$4" || exit 125
/bin/sh -c "$1" < "$2"
code=$?
printf %s "$code" > "$3.draft" && mv "$3.draft" "$3"
`;

/** Marks a folder whose command says when it begins: what older versions launched does not. */
const SAYS = ' says when it begins';

/** Names the process group in its members' environment, to find those that left the group. */
const MARK = 'GATEHOUSE_PROCESS';

const files = (folder: string) => ({
  marker: path.join(folder, 'launched'),
  record: path.join(folder, 'process.json'),
  begun: path.join(folder, 'begun'),
  exit: path.join(folder, 'exit'),
  stdin: path.join(folder, 'stdin'),
  stdout: path.join(folder, 'stdout.log'),
  stderr: path.join(folder, 'stderr.log'),
});

/**
 * Starts a command in a process group of its own, which outlives this worker. A folder is launched once: asking again
 * changes nothing, whoever asks.
 */
export async function launch(folder: string, { command, cwd, env, stdin = '', begins }: Launch): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { marker, record, begun, exit, stdin: input, stdout, stderr } = files(folder);
  if ((await stateOf(folder)).is === 'absent')
    await Promise.all([marker, record].map((file) => rm(file, { force: true })));
  try {
    await writeFile(marker, `${process.pid}${SAYS}`, { flag: 'wx' });
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw failure;
  }
  await writeFile(input, stdin);
  const [out, err] = [openSync(stdout, 'a'), openSync(stderr, 'a')];
  try {
    const child = spawn('/bin/sh', ['-c', WRAPPER, 'gatehouse', command, input, exit, begun], {
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
    await writeJson(record, { pid, token: (await tokenOf(pid)) ?? 'gone', at: Date.now() });
    begins?.();
    child.stdin!.end('go\n');
    child.unref();
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

export async function stateOf(folder: string): Promise<ProcessState> {
  const { marker, record, begun, exit, stdout, stderr } = files(folder);
  const launch = await readText(marker);
  if (launch === undefined) return { is: 'absent' };
  const launched = await readJson(record, Launched);
  const running = launched && (await isAlive(launched.pid, launched.token));
  const code = await readText(exit); // read after looking for the process, which writes it as its last act
  if (code !== undefined) return { is: 'exited', code: Number(code) };
  if (running) {
    const outputs = await Promise.all([stdout, stderr].map(changedAt));
    return { is: 'running', since: launched.at, lastOutputAt: Math.max(launched.at, ...outputs) };
  }
  const launcher = parseInt(launch, 10);
  const between = !launched && (launcher === process.pid || (await tokenOf(launcher)) !== undefined);
  return between && Date.now() - (await changedAt(marker)) < 10_000
    ? { is: 'running', since: Date.now(), lastOutputAt: Date.now() }
    : // Its launcher was killed before it let the command begin: then there was no launch.
      { is: launch.endsWith(SAYS) && (await readText(begun)) === undefined ? 'absent' : 'vanished' };
}

/** Ends the whole group: asks first, insists after `graceMs`, and comes back once nothing of it is left. */
export async function end(folder: string, { graceMs }: { graceMs: number }): Promise<void> {
  const launched = await readJson(files(folder).record, Launched);
  if (!launched) return;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await kill(folder, launched, signal);
    const patience = Date.now() + (signal === 'SIGTERM' ? graceMs : 10_000);
    while (Date.now() < patience) {
      if ((await membersOf(folder, launched)).length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`The processes of ${folder} do not end: ${(await membersOf(folder, launched)).join(', ')}`);
}

async function kill(folder: string, group: Group, signal: NodeJS.Signals): Promise<void> {
  for (const pid of await membersOf(folder, group)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/**
 * The living processes of a group, those that left it by `setsid` included: they still carry its mark. A recycled pid is
 * no member: a group whose leader's number now belongs to somebody else is over.
 */
async function membersOf(folder: string, { pid, token }: Group): Promise<number[]> {
  const leader = await tokenOf(pid);
  const own = leader === undefined || leader === token;
  if (process.platform !== 'linux') return own && groupAlive(pid) ? [-pid] : [];
  const mark = `${MARK}=${hashOf(folder)}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const members = await Promise.all(
    pids.map(async (each) => ((own && (await groupOf(each)) === pid) || (await marked(each, mark)) ? [each] : [])),
  );
  return members.flat();
}

type Group = z.infer<typeof Launched>;

/** The process group of a living process: field 5 of its stat (proc(5)). */
async function groupOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(group);
  } catch {
    return undefined;
  }
}

async function marked(pid: number, mark: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    return environment.split('\0').includes(mark) && (await tokenOf(pid)) !== undefined;
  } catch {
    return false;
  }
}

function groupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

/** The end of what a command has printed, in characters. */
export async function tailOf(folder: string, stream: 'stdout' | 'stderr', characters: number): Promise<string> {
  const file = await open(files(folder)[stream], 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, characters * 4);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').slice(-characters);
  } finally {
    await file.close();
  }
}

export const logOf = (folder: string, stream: 'stdout' | 'stderr'): string => files(folder)[stream];

/** What a command is given of this worker's environment: all but what is gatehouse's own business. */
export const environmentFor = (environment: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(GATEHOUSE|TEMPORAL)_/.test(name))),
  ...own,
});

const changedAt = async (file: string): Promise<number> => (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
