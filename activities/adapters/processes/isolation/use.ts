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
  homeOf(repository: string, kind: Kind, fork?: boolean): string | undefined;
}
