import { access, constants, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { FORWARDING } from './forwarding.ts';
import { isolatingScript, TOOLS, type Tools } from './script.ts';
import { filesHere } from './view.ts';

/** What isolation works with here. `nests`: what runs inside may make a sandbox of its own. */
export type Working =
  | { tools: Tools; ids: { outer: Ids; inner: Ids }; nests: boolean }
  | {
      /** Completes "it cannot be isolated: …", and says what to install. */
      because: string;
    };
interface Ids {
  uid: number;
  gid: number;
}

/** How long the probe may take, in milliseconds. It takes 0.2 s on an idle machine. */
const PROBE_MS = 20_000;
/** The exit code of the command that is isolated to find out. */
const PROVED = 42;
/** Where system programs are that need not be on `PATH`. */
const SYSTEM = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'];
/** The packages of Debian that have them. */
const PACKAGES: Partial<Record<keyof Tools, string>> = {
  bwrap: 'bubblewrap',
  slirp4netns: 'slirp4netns',
  ip: 'iproute2',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
};

/** Isolates a command that does nothing, with its network, to find out whether that works here. */
export async function probe(folder: string, searchPath: string | undefined): Promise<Working> {
  if (process.platform !== 'linux') return { because: 'only Linux has bubblewrap' };
  const found = await toolsOn(searchPath);
  if ('because' in found) return found;
  const uid = process.getuid!();
  const outer = { uid, gid: process.getgid!() };
  // As root inside, programs refuse to work, and could make no sandbox of their own.
  const ids = { outer, inner: uid === 0 ? { uid: 1_000, gid: 1_000 } : outer };
  await mkdir(folder, { recursive: true });
  const { because } = await tried(found.tools, ids, folder);
  return because === undefined ? { ...found, ids, nests: uid !== 0 } : { because };
}

async function tried(
  tools: Tools,
  ids: { outer: Ids; inner: Ids },
  folder: string,
): Promise<{ because: string | undefined }> {
  const script = isolatingScript({
    ...{ tools, ids, home: '/', closed: ['169.254.0.0/16'], cwd: '/', files: await filesHere() },
    command: `[ "$$" -lt 10 ] && ${tools.ip} link show dev tap0 > /dev/null && exit ${PROVED}`,
    view: ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run', '--tmpfs', '/tmp'],
    folder: path.join(folder, `probe-${process.pid}`),
    forwarding: { node: process.execPath, source: FORWARDING },
  });
  const options = { timeout: PROBE_MS, reject: false, stdin: 'ignore', env: { PATH: SYSTEM.join(':') } } as const;
  const { exitCode, stderr, timedOut } = await execa('/bin/sh', ['-c', script], {
    ...options,
    extendEnv: false,
    forceKillAfterDelay: 500,
    killSignal: 'SIGKILL',
  });
  if (exitCode === PROVED) return { because: undefined };
  await rm(path.join(folder, `probe-${process.pid}`), { recursive: true, force: true });
  const said = stderr.trim().split('\n').slice(-2).join(' ').slice(0, 300);
  const how = timedOut ? 'it does not answer' : said || `exit code ${exitCode}`;
  return {
    because: `bubblewrap does not work here (${how}). It needs user namespaces, /dev/net/tun, and programs as new as those of Debian 12`,
  };
}

async function toolsOn(searchPath = ''): Promise<{ tools: Tools } | { because: string }> {
  const folders = [...SYSTEM, ...searchPath.split(':').filter((folder) => path.isAbsolute(folder))];
  const tools: Partial<Record<keyof Tools, string>> = {};
  for (const name of TOOLS) {
    for (const folder of folders) {
      const file = path.join(folder, name);
      if (tools[name] === undefined && (await isRunnable(file))) tools[name] = file;
    }
  }
  const lacking = TOOLS.filter((name) => tools[name] === undefined);
  if (lacking.length === 0) return { tools: tools as Tools };
  const packages = [...new Set(lacking.map((name) => PACKAGES[name] ?? 'coreutils'))];
  return {
    because: `there is no ${lacking.join(', no ')} here. Debian has them in ${packages.join(', ')} (apt-get install ${packages.join(' ')})`,
  };
}

const isRunnable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
