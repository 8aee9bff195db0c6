import { mkdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { environmentFor } from '../environment.ts';
import { Addresses } from './addresses.ts';
import { FORWARDING } from './forwarding.ts';
import { homeOf } from './homes.ts';
import { probe, type Working } from './probing.ts';
import { isolatingScript } from './script.ts';
import { filesHere, viewOf } from './view.ts';

/** What `GATEHOUSE_ISOLATION` may be. */
export const ISOLATIONS = ['none', 'bubblewrap'] as const;
export type IsolationName = (typeof ISOLATIONS)[number];

/** What a command is for. */
export type Kind = 'agent' | 'check' | 'preview';

/** A command of a repository. All folders exist, except its home. */
export interface Use {
  repository: string;
  kind: Kind;
  command: string;
  /** The folder in which it works: a checkout, which it may change unless `reads`. */
  cwd: string;
  /** A folder that it cannot see, for the time in which it is started. */
  folder: string;
  /** Variables besides those that every command gets. They may contain secrets. */
  env?: Readonly<Record<string, string | undefined>>;
  /** More folders that it may change. */
  writable?: readonly string[];
  /** More folders that it may read. */
  readable?: readonly string[];
  /** Whether it may only read the folder in which it works, where it is isolated. */
  reads?: boolean;
  /** The port of a preview, which is forwarded from this machine's loopback. */
  port?: number;
  /** Sign-in files that it may read, relative to the operator's home and its own. */
  signIn?: readonly string[];
  /** Whether it runs code of a fork. */
  fork?: boolean;
}

export interface Start {
  command: string;
  env: NodeJS.ProcessEnv;
}

/** How the commands of repositories are kept from this machine. Every start of an agent, a check or a preview asks. */
export interface Isolation {
  /** What to start for a command. Throws if it cannot be isolated as it must be, which a retry may find mended. */
  start(use: Use): Promise<Start>;
  /** How commands of a repository run here, or why they cannot. */
  of(repository: string, fork?: boolean): Promise<{ is: IsolationName; nests: boolean } | { because: string }>;
  /** The home of its commands. Undefined: that of the worker. */
  homeOf(repository: string, kind: Kind): string | undefined;
}

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
  start: async ({ command, env }) => ({ command, env: environmentFor(environment, env) }),
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

  homeOf(repository: string, kind: Kind): string | undefined {
    const { root, environment } = this.options;
    return this.isOwn(repository, false) ? environment['HOME'] : homeOf(root, { repository, kind });
  }

  async start(use: Use): Promise<Start> {
    const { root, environment } = this.options;
    const { repository, fork = false, command } = use;
    if (this.isOwn(repository, fork)) return { command, env: environmentFor(environment, use.env) };
    const home = homeOf(root, use);
    await mkdir(home, { recursive: true });
    const env = { ...allowed(environment), HOME: home, ...use.env };
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
