import childProcess from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import type { Fault } from '../plan/faults.ts';
import { say } from './faults.ts';

/** How long no write succeeds, and how much longer each slow call takes, in milliseconds. */
const FULL_MS = 8_000;
const SLOW_MS = 400;
const FULL = 'No space left on device';

type Armed = Extract<Fault, { kind: 'machine' }>;
type Spawn = (file: string, args: readonly string[], options: object) => childProcess.ChildProcess;
type Write = (...args: unknown[]) => Promise<unknown>;

/**
 * The machine of the worker. It wraps functions of Node, so every git call and every file write of the adapters goes
 * through it. The name of a site describes the call without the parts that differ between runs.
 */
export class Machine {
  private armed: Armed | undefined;
  private sites = new Set<string>();
  private fullUntil = 0;
  private isSlow = false;

  constructor() {
    this.wrapSpawn();
    for (const name of ['writeFile', 'rename', 'mkdir', 'rm'] as const) this.wrapWrite(name);
    syncBuiltinESMExports();
  }

  arm(fault: Fault | undefined): void {
    this.armed = fault?.kind === 'machine' ? fault : undefined;
    this.sites = new Set();
    this.fullUntil = 0;
    this.isSlow = false;
  }

  tell = () => say({ sites: [...this.sites] });

  private wrapSpawn(): void {
    const spawn = childProcess.spawn as unknown as Spawn;
    const wrapped: Spawn = (file, args, options) => {
      if (path.basename(file) !== 'git' || !Array.isArray(args)) return spawn(file, args, options);
      const strikes = this.comesTo(siteOfGit(args));
      if (this.isFull()) return spawn('/bin/sh', ['-c', `echo "fatal: write error: ${FULL}" >&2; exit 128`], options);
      const child = this.isSlow
        ? spawn('/bin/sh', ['-c', `sleep ${SLOW_MS / 1_000}; exec "$0" "$@"`, file, ...args], options)
        : spawn(file, args, options);
      if (strikes) child.prependOnceListener('exit', die);
      return child;
    };
    childProcess.spawn = wrapped as never;
  }

  private wrapWrite(name: 'writeFile' | 'rename' | 'mkdir' | 'rm'): void {
    const write = fs[name] as unknown as Write;
    const wrapped: Write = async (...args) => {
      const target = args[name === 'rename' ? 1 : 0];
      if (typeof target !== 'string') return write(...args);
      const strikes = this.comesTo(`${name} ${nameless(path.basename(target))}`);
      if (name !== 'rm' && this.isFull()) throw Object.assign(new Error(`ENOSPC: ${FULL}`), { code: 'ENOSPC' });
      if (this.isSlow) await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      try {
        return await write(...args);
      } finally {
        if (strikes) die(); // This includes calls that failed, for example because there was nothing to remove.
      }
    };
    fs[name] = wrapped as never;
  }

  /**
   * Records the site, and strikes if the fault is due at its beginning. Returns whether the worker must die at its end.
   */
  private comesTo(site: string): boolean {
    const { armed } = this;
    this.sites.add(site);
    if (armed?.site !== site) return false;
    this.armed = undefined;
    if (armed.how === 'before') die();
    if (armed.how === 'after') return true;
    if (armed.how === 'full') this.fullUntil = Date.now() + FULL_MS;
    else this.isSlow = true;
    say({ fault: 'struck' });
    return false;
  }

  private isFull = () => Date.now() < this.fullUntil;
}

/** The git command and its options, without global options, names, ids and paths. */
export function siteOfGit(args: readonly string[]): string {
  const words = [...args];
  while (words[0]?.startsWith('-')) {
    const [option] = words.splice(0, 1);
    if (VALUED.has(option!)) words.shift();
  }
  const [command = '', ...rest] = words;
  const options = rest.filter((word) => /^-{1,2}[a-z-]+$/i.test(word));
  return ['git', command, ...new Set(options)].join(' ').slice(0, 80);
}

/** Git's global options that are followed by a value. */
const VALUED = new Set(['-c', '-C', '--git-dir', '--work-tree']);

const nameless = (name: string): string =>
  name
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '#')
    .replace(/[0-9a-f]{12,}/g, '#')
    .replace(/\d+/g, '#')
    .replace(/^.*T#/, 'T#')
    .slice(0, 60);

function die(): never {
  say({ fault: 'struck' });
  process.kill(process.pid, 'SIGKILL');
  for (;;); // Waits for the signal to take effect.
}
