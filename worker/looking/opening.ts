import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LiveConfiguration } from '../../activities/adapters/configuration/loading.ts';
import { PullRequestRows } from '../../activities/adapters/hosted/pull-request/rows.ts';
import { forgeFor, hostedKinds, openForges, openPorts } from '../../activities/adapters/opening.ts';
import { presence } from '../../activities/adapters/processes/presence.ts';
import { STATE_FILE } from '../../activities/adapters/state/locating.ts';
import { State } from '../../activities/adapters/state/state.ts';
import type { OpenForge } from '../../activities/adapters/vendor.ts';
import type { Ports } from '../../activities/ports.ts';
import { configurationOf } from '../configuration/configuration-file.ts';
import { takeOwnVariables } from '../configuration/taking.ts';
import type { Variables } from '../configuration/variables.ts';

/** The configuration of whoever looks. */
export interface LookingConfig {
  variables: Variables;
  environment: NodeJS.ProcessEnv;
  /** The environment that programs inherit, such as git. Our variables and all secrets are removed from it. */
  exposed?: NodeJS.ProcessEnv;
  /** The folder for what may be lost, such as copies of repositories. */
  cache: string;
}

/** A forge by its vendor's name. `hosted`: on another machine. */
export type Forge = OpenForge & { name: string; hosted: boolean };

/** The forge of a repository as a person writes it, or what was expected instead. */
export type Found = { forge: Forge; repository: string } | { expected: string };

export interface Forges {
  forges: readonly Forge[];
  /** The forges that are configured and cannot be opened, with a sentence about the variable. */
  lacking: { name: string; because: string }[];
  /** The kinds of forges on other machines: the variables that configure each, and whether they are set. */
  kinds: { name: string; by: string; is: boolean }[];
  find(repository: string): Found;
  close(): Promise<void>;
}

/** Opens the forges, for questions only. Nothing of the data folder or the database is used. */
export async function openForgesToLook(config: LookingConfig): Promise<Forges> {
  const root = await mkdtemp(path.join(tmpdir(), 'gatehouse-look-'));
  const { state, variables, given } = givenIn(root, config);
  const { forges, lacking } = await openForges(variables, given);
  return {
    forges,
    lacking: lacking.map(({ name, failure }) => ({ name, because: failure.message })),
    kinds: hostedKinds(variables),
    find: (repository) => forgeFor(variables, forges, repository),
    async close() {
      await Promise.allSettled(forges.map(async ({ forge }) => forge.close?.()));
      await state.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export interface Everything {
  ports: Ports;
  forges: readonly Forge[];
  configuration: LiveConfiguration['current'];
  find(repository: string): Found;
  close(): Promise<void>;
}

/**
 * Opens all adapters in a folder of the cache with a database of its own, so that whatever they record is not seen by any
 * worker. Copies of repositories stay there for the next look. `installation`: whose look it is, so that its own comments at
 * a forge are not taken for those of another one.
 */
export async function openToLook(config: LookingConfig, installation?: string): Promise<Everything> {
  const root = path.join(config.cache, 'looks');
  await mkdir(root, { recursive: true, mode: 0o700 });
  const { state, variables, given } = givenIn(root, config);
  if (installation !== undefined) await new PullRequestRows(state).actAs(installation);
  const { ports, forges, close } = await openPorts(variables, given);
  return {
    ports,
    forges,
    configuration: given.configuration,
    find: (repository) => forgeFor(variables, forges, repository),
    async close() {
      await close();
      await state.close();
    },
  };
}

/** Whoever looks sends no notices, and notes no effects. Programs that are started, such as git, inherit no secret. */
function givenIn(root: string, config: LookingConfig) {
  const environment = { ...config.environment };
  const { exposed = {} } = config;
  takeOwnVariables(exposed);
  const state = new State({ file: path.join(root, STATE_FILE) }, presence);
  const configuration = configurationOf(config.variables, config.environment, [environment, exposed]).current;
  const variables: Variables = { ...config.variables, GATEHOUSE_NOTIFY: [], GATEHOUSE_LEDGER: undefined };
  return { state, variables, given: { root, state, environment, configuration, log: () => undefined } };
}
