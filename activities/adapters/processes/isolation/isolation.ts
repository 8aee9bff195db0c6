import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { environmentFor } from '../environment.ts';
import { traceVariables } from '../tracing.ts';
import { Addresses } from './addresses.ts';
import { FORWARDING } from './forwarding.ts';
import { homeOf } from './homes.ts';
import { probe, type Working } from './probing.ts';
import { isolatingScript } from './script.ts';
import type { Isolation, IsolationName, Kind, Start, Use } from './use.ts';
import { filesHere, viewOf } from './view.ts';

export interface IsolationOptions {
  /** The data folder. */
  root: string;
  /** The worker's environment. One object, from which a reload may remove secrets. */
  environment: NodeJS.ProcessEnv;
  /** What the operator decided. Undefined: `bubblewrap` for hosted repositories, `none` for those on this machine. */
  setting: IsolationName | undefined;
  /** Whether a repository is on another machine. */
  isHosted(repository: string): boolean;
  /** Files that nobody else may read, such as the configuration file and those with keys. */
  hidden(): readonly string[];
  /** The hosts of Temporal, the database and our own doors, which isolated commands cannot reach. */
  closed: readonly string[];
}

/** Runs commands as the worker runs: for tests, and for callers without repositories of others. */
export const withoutIsolation = (environment: NodeJS.ProcessEnv): Isolation => ({
  start: async ({ command, env }) => ({ command, env: environmentFor(environment, { ...traceVariables(), ...env }) }),
  of: async () => ({ is: 'none', nests: true }),
  homeOf: () => environment['HOME'],
});

export const openIsolation = (options: IsolationOptions): Isolation & { probe(): Promise<Working> } =>
  new OpenIsolation(options);

class OpenIsolation implements Isolation {
  private readonly addresses;
  private probed: Promise<Working> | undefined;

  constructor(private readonly options: IsolationOptions) {
    this.addresses = new Addresses(options.closed);
  }

  /** Finds out once whether bubblewrap and its network work here, by running them. */
  probe(): Promise<Working> {
    const { root, environment } = this.options;
    return (this.probed ??= probe(path.join(root, 'isolation'), environment['PATH']));
  }

  async of(repository: string, fork = false): Promise<{ is: IsolationName; nests: boolean } | { because: string }> {
    if (this.kindOf(repository, fork) === 'none') return { is: 'none', nests: true };
    const working = await this.probe();
    return 'because' in working ? working : { is: 'bubblewrap', nests: working.nests };
  }

  private kindOf(repository: string, fork: boolean): IsolationName {
    const { setting, isHosted } = this.options;
    if (fork) return 'bubblewrap';
    return setting ?? (isHosted(repository) ? 'bubblewrap' : 'none');
  }

  /** As part one: a repository on this machine whose commands are not isolated has the worker's environment. */
  private isOwn(repository: string, fork: boolean): boolean {
    return this.kindOf(repository, fork) === 'none' && !this.options.isHosted(repository);
  }

  homeOf(repository: string, kind: Kind, fork = false): string | undefined {
    const { root, environment } = this.options;
    return this.isOwn(repository, fork) ? environment['HOME'] : homeOf(root, { repository, kind, fork });
  }

  async start(use: Use): Promise<Start> {
    const { root, environment } = this.options;
    const { repository, fork = false, command } = use;
    const given = { ...traceVariables(), ...use.env };
    if (this.isOwn(repository, fork)) return { command, env: environmentFor(environment, given) };
    const home = homeOf(root, use);
    await mkdir(home, { recursive: true });
    const env = { ...allowed(environment), HOME: home, ...given };
    if (this.kindOf(repository, fork) === 'none') return { command, env };
    const working = await this.probe();
    if ('because' in working) throw new Error(`Its commands cannot be isolated here: ${working.because}`);
    return this.isolated(use, working, { ...env, TMPDIR: '/tmp' });
  }

  private async isolated(use: Use, { tools, ids }: Extract<Working, { tools: object }>, env: NodeJS.ProcessEnv) {
    const { root, environment, hidden } = this.options;
    const home = await realpath(env['HOME']!);
    const files = await filesHere();
    await mkdir(path.dirname(use.folder), { recursive: true });
    const view = await viewOf({ ...use, root, home, environment, hidden: hidden(), asRoot: ids.outer.uid === 0 });
    const command = isolatingScript({
      ...{ tools, ids, home, files, view, command: use.command, folder: use.folder, port: use.port },
      cwd: await realpath(use.cwd),
      closed: await this.addresses.now(),
      forwarding: { node: process.execPath, source: FORWARDING },
    });
    return { command, env };
  }
}

/** The variables of the worker that isolated commands have too. */
const allowed = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => /^(?:PATH|LANG|LC_\w+|TZ|TMPDIR|CI)$/.test(name)));
