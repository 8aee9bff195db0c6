import type { z } from 'zod';
import type { Ledger } from '../ledger.ts';
import type { Environments, Executor, Forge, Meter, Notifier, Releases, Texts, Tracker } from '../ports.ts';
import type { Repositories } from './git/publishing/repositories.ts';
import type { RepositorySettings } from './settings/repository-settings.ts';

/** The variables that a vendor reads: a schema each, with its default. What must never be shown has the meta `secret`. */
export type Shape = Readonly<Record<string, z.ZodType>>;
type Values<Of extends Shape> = z.output<z.ZodObject<Of>>;

/** What an adapter is opened with. */
export interface Opening<Of extends Shape = Shape> {
  /** The folder for everything that adapters keep on this machine. */
  root: string;
  /** What the commands of repositories are given, less what is ours alone. */
  environment: NodeJS.ProcessEnv;
  variables: Values<Of>;
  log: (fields: object, message: string) => void;
  ledger?: Ledger | undefined;
}

/** The same for adapters that work in checkouts of repositories, whichever forge these belong to. */
export interface InCheckouts<Of extends Shape = Shape> extends Opening<Of> {
  repositories: Repositories;
}

/** A forge, and its repositories for those who work on what is in them. */
export interface OpenForge {
  forge: Forge;
  repositories: Repositories;
  /** Whether a repository that is written so is one of this forge's. */
  serves(repository: string): boolean;
}

export interface ForgeAdapter<Of extends Shape> {
  /** How its repositories are written: `expected <this>` is what people read. */
  written: string;
  open(opening: Opening<Of>): Promise<OpenForge>;
}

export type AgentSettings = RepositorySettings['agents'][string];
export interface ExecutorAdapter<Of extends Shape> {
  /** Whether it runs an agent that the settings of a repository name so. */
  runs(agent: AgentSettings): boolean;
  open(opening: InCheckouts<Of>): Promise<Executor>;
}

export type EnvironmentSettings = NonNullable<RepositorySettings['environment']>;
export interface EnvironmentAdapter<Of extends Shape> {
  /** Whether it provides an environment that the settings of a repository describe so. */
  provides(environment: EnvironmentSettings): boolean;
  open(opening: InCheckouts<Of>): Promise<Environments>;
}

export interface NotifierAdapter<Of extends Shape> {
  /** What is wrong with the variables, where notices are to go here: the variable, and what is expected. */
  lacks?(variables: Values<Of>): string | undefined;
  open(opening: Opening<Of>): Promise<Notifier>;
}

/** What a vendor brings: its variables, and an adapter for each port that it serves. Each is loaded when it is opened. */
export interface Vendor<Of extends Shape> {
  variables: Of;
  forge?: ForgeAdapter<Of>;
  executor?: ExecutorAdapter<Of>;
  environments?: EnvironmentAdapter<Of>;
  /** By the names that `GATEHOUSE_NOTIFY` takes. */
  notifiers?: Readonly<Record<string, NotifierAdapter<Of>>>;
  releases?(opening: InCheckouts<Of>): Promise<Releases>;
  tracker?(opening: Opening<Of>): Promise<Tracker>;
  meter?(opening: Opening<Of>): Promise<Meter>;
  texts?(opening: Opening<Of>): Promise<Texts>;
}
