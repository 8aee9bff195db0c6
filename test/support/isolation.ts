import { mkdir, mkdtemp, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { openIsolation, type IsolationOptions } from '../../activities/adapters/processes/isolation/isolation.ts';
import type { Isolation, Use } from '../../activities/adapters/processes/isolation/use.ts';
import { probe } from '../../activities/adapters/processes/isolation/probing.ts';
import { end, launch, stateOf } from '../../activities/adapters/processes/processes.ts';
import { removeFolder } from './folders.ts';
import { until } from './until.ts';

/** A folder that an isolated command would see, if it were not hidden: neither a home nor below `/tmp`. */
async function visibleFolder(): Promise<string> {
  const cache = path.join(process.cwd(), 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  return realpath(await mkdtemp(path.join(cache, 'gatehouse-isolation-')));
}

/** Whether bubblewrap works here. It must where CI runs. */
export async function isolationHere(): Promise<{ works: boolean; because: string }> {
  const folder = await visibleFolder();
  const found = await probe(folder, process.env['PATH']);
  await removeFolder(folder);
  const because = 'because' in found ? found.because : '';
  if (because !== '' && process.env['CI']) throw new Error(`Isolation is not tested here: ${because}`);
  return { works: because === '', because };
}

/** Runs isolated commands of one repository. */
export class IsolationRig {
  private count = 0;
  private readonly runs: string[] = [];

  private constructor(readonly home: string) {}

  static create = async (): Promise<IsolationRig> => new IsolationRig(await visibleFolder());

  get data(): string {
    return path.join(this.home, 'data');
  }

  open = (over: Partial<IsolationOptions> = {}): Isolation =>
    openIsolation({
      ...{ root: this.data, environment: process.env, setting: undefined, closed: [] },
      isHosted: () => true,
      hidden: () => [],
      ...over,
    });

  /** Starts a command in a folder of its own. Returns the folders of its process and of its checkout. */
  async start(isolation: Isolation, command: string, over: Partial<Use> = {}): Promise<{ run: string; tree: string }> {
    const folder = path.join(this.data, 'jobs', String((this.count += 1)));
    const [run, tree] = [path.join(folder, 'run'), path.join(folder, 'tree')];
    await mkdir(tree, { recursive: true });
    const use = { repository: 'https://forge.example/acme/shop', kind: 'check', cwd: tree } as const;
    const start = await isolation.start({ ...use, command, folder: path.join(folder, 'isolation'), ...over });
    this.runs.push(run);
    await launch(run, { ...start, cwd: tree });
    return { run, tree };
  }

  /** Runs a command to its end. */
  async run(isolation: Isolation, command: string, over: Partial<Use> = {}): Promise<Ran> {
    const { run, tree } = await this.start(isolation, command, over);
    const code = await until('the command ends', async () => {
      const state = await stateOf(run);
      if (state.is === 'vanished') throw new Error('The command has vanished.');
      return state.is === 'exited' ? { code: state.code } : undefined;
    });
    await end(run, { graceMs: 1_000 });
    const [printed, complained] = [
      await readFile(path.join(run, 'stdout.log'), 'utf8'),
      await readFile(path.join(run, 'stderr.log'), 'utf8'),
    ];
    return { ...code, tree, printed, complained };
  }

  async dispose(): Promise<void> {
    for (const run of this.runs) await end(run, { graceMs: 0 });
    await removeFolder(this.home);
  }
}

export interface Ran {
  code: number;
  tree: string;
  printed: string;
  complained: string;
}

/** The processes of this machine whose command line contains a text. */
export async function processesWith(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const);
  return (await Promise.all(lines)).flatMap(([pid, line]) => (line.includes(text) ? [Number(pid)] : []));
}

/** Those that work in a folder, or below it. */
export async function processesIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = pids.map(async (pid) => [pid, await readlink(`/proc/${pid}/cwd`).catch(() => '')] as const);
  return (await Promise.all(places)).flatMap(([pid, place]) => (place.startsWith(folder) ? [Number(pid)] : []));
}
