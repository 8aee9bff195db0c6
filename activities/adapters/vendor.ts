import type { z } from 'zod';
import type { Change } from '../../workflows/contracts/change.ts';
import type { Ledger } from '../ledger.ts';
import type { Environments, Executor, Forge, Meter, Notifier, Releases, Storage, Texts, Tracker } from '../ports.ts';
import type { Repositories } from './git/publishing/repositories.ts';
import type { HostedApi, HostedRepository } from './hosted/api.ts';
import type { Configuration } from './configuration/configuration.ts';
import type { Isolation } from './processes/isolation/use.ts';
import type { AgentSettings } from './settings/agent-settings.ts';
import type { AgentsFound } from './settings/reading.ts';
import type { State } from './state/state.ts';
import type { RepositorySettings } from './settings/repository-settings.ts';

/**
 * The variables that a vendor reads: a schema each, with its default. A variable that must never be shown has the meta
 * `secret`.
 */
export type Shape = Readonly<Record<string, z.ZodType>>;
type Values<Of extends Shape> = z.output<z.ZodObject<Of>>;

/** The options with which an adapter is opened. */
export interface Opening<Of extends Shape = Shape> {
  /** The folder for everything that adapters keep on this machine. */
  root: string;
  /**
   * The environment of repositories' commands, without gatehouse's own variables and the configured secrets. It is one
   * object, from which a reload of the configuration file may remove more.
   */
  environment: NodeJS.ProcessEnv;
  /** How commands of repositories are started. Nothing of a repository runs here in another way. */
  isolation: Isolation;
  /** The configuration file, as it was last read. Ask again for each job, because a reload replaces it. */
  configuration(): Configuration;
  variables: Values<Of>;
  log: (fields: object, message: string) => void;
  ledger?: Ledger | undefined;
  /** The page of a run, for people. */
  pageOf?: ((workflowId: string) => string | undefined) | undefined;
  /** Who makes our commits on hosted forges. Undefined: the forge's account, if it is a bot, else gatehouse. */
  identity?: { name?: string | undefined; email?: string | undefined } | undefined;
  /** The database that all workers share. */
  state: State;
}

/** The options of adapters that work in checkouts of repositories, on any forge. */
export interface InCheckouts<Of extends Shape = Shape> extends Opening<Of> {
  repositories: Repositories;
  /** The agents that serve a change: those of its repository, or the configured defaults of a hosted one. */
  agentsOf(change: Pick<Change, 'repository' | 'basis'>): Promise<AgentsFound>;
}

/** An open forge, and its repositories for adapters that work on their files. */
export interface OpenForge {
  forge: Forge;
  repositories: Repositories;
  /** Whether a repository with this name or address belongs to this forge. */
  serves(repository: string): boolean;
  /** The address of a forge on another machine, without a slash at its end. */
  address?: string | undefined;
  /** What a forge on another machine can be asked. */
  api?: HostedApi;
  /** A repository of a forge on another machine, and what that forge can be asked. */
  at?(repository: string): Promise<{ api: HostedApi; repository: HostedRepository }>;
}

export interface ForgeAdapter<Of extends Shape> {
  /** The form in which its repositories are written. People read it as `expected <this>`. */
  written: string;
  /** Whether its repositories are on another machine. The configured defaults apply to these only. */
  hosted: boolean;
  /** What configures a forge on another machine. One that is not configured is not opened. */
  configured?: {
    /** The variables, as people read them. */
    by: string;
    /** The host of the public forge of this kind, such as `github.com`. */
    at?: string | undefined;
    is(variables: Values<Of>): boolean;
  };
  open(opening: Opening<Of>): Promise<OpenForge>;
}

export interface ExecutorAdapter<Of extends Shape> {
  /** Whether it runs agents with these settings of a repository. */
  runs(agent: AgentSettings): boolean;
  open(opening: InCheckouts<Of>): Promise<Executor>;
}

export type EnvironmentSettings = NonNullable<RepositorySettings['environment']>;
export interface EnvironmentAdapter<Of extends Shape> {
  /** Whether it provides environments with these settings of a repository. */
  provides(environment: EnvironmentSettings): boolean;
  open(opening: InCheckouts<Of>): Promise<Environments>;
}

export interface NotifierAdapter<Of extends Shape> {
  /** The variable that this notifier needs and lacks, and what is expected. Undefined if all is well. */
  lacks?(variables: Values<Of>): string | undefined;
  /** The key of `people` with the address by which it reaches a person. Undefined: it has one receiver. */
  reaches?: 'email' | 'slack';
  open(opening: Opening<Of>): Promise<Notifier>;
  /** Asks the service whether it would take notices from us. Returns why not, or undefined. */
  verify?(given: { variables: Values<Of> }): Promise<string | undefined>;
}

/** A vendor's variables, and its adapter for each port that it serves. An adapter is loaded when it is opened. */
export interface Vendor<Of extends Shape> {
  variables: Of;
  forge?: ForgeAdapter<Of>;
  executor?: ExecutorAdapter<Of>;
  environments?: EnvironmentAdapter<Of>;
  /** The notifiers by their names in `GATEHOUSE_NOTIFY`. */
  notifiers?: Readonly<Record<string, NotifierAdapter<Of>>>;
  releases?(opening: InCheckouts<Of>): Promise<Releases>;
  tracker?(opening: Opening<Of>): Promise<Tracker>;
  meter?(opening: Opening<Of>): Promise<Meter>;
  texts?(opening: Opening<Of>): Promise<Texts>;
  storage?(opening: Opening<Of>): Promise<Storage>;
}
