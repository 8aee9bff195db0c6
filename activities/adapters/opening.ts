import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Change } from '../../workflows/contracts/change.ts';
import type { Ports } from '../ports.ts';
import { actorOf, personOf, type Account } from './configuration/configuration.ts';
import { grantsOnPullRequest, refusalOf, type About, type May } from './configuration/rights.ts';
import { closeAll } from './dispatching/closing.ts';
import { environmentsAsOne, type OpenEnvironments } from './dispatching/environments.ts';
import { executorsAsOne, type OpenExecutor } from './dispatching/executors.ts';
import { forgesAsOne } from './dispatching/forges.ts';
import { routedNotifier } from './dispatching/notifiers.ts';
import type { Outgoing } from './dispatching/outbox.ts';
import { routed, type Routing, type Serving } from './dispatching/routing.ts';
import { fileLedger } from './file-ledger.ts';
import { PullRequests, type PullRequestOptions } from './hosted/pull-request/index.ts';
import { VENDORS } from './index.ts';
import { takeOver } from './local/taking-over/index.ts';
import { idOf } from './processes/exclusive.ts';
import { hold } from './processes/fence.ts';
import { openIsolation } from './processes/isolation/isolation.ts';
import { agentsOf, settingsOf } from './settings/reading.ts';
import { RunRows } from './state/runs.ts';
import { notifierNamed, NOTIFIERS, type adapterVariables, type AdapterVariables } from './variables.ts';
import type * as vendor from './vendor.ts';

export { takeOver };

type Opening = vendor.Opening<typeof adapterVariables>;
type InCheckouts = vendor.InCheckouts<typeof adapterVariables>;
export type Given = Pick<Opening, 'root' | 'environment' | 'log' | 'configuration' | 'state' | 'pageOf'> & {
  /** The name of this machine, and how long this worker may not be heard of before what it runs is lost, in milliseconds. */
  runner?: { machine: string; lostMs?: number } | undefined;
  /** The hosts that isolated commands cannot reach, besides this machine: those of Temporal, the database and our doors. */
  closed?: readonly string[];
};

/** What pull requests need of the worker. */
export type PullRequestNeeds = Pick<PullRequestOptions, 'signal' | 'pageOf'> & {
  /** How often a forge is polled as configured, in milliseconds. */
  lookMs: number;
};

export interface Opened {
  ports: Ports;
  forges: readonly Serving[];
  /** Shows runs on their pull requests, and takes commands there. Undefined: no forge with pull requests is open. */
  pullRequests(needs: PullRequestNeeds): PullRequests | undefined;
  close(): Promise<string[]>;
}

/**
 * Opens the adapters of all vendors. With a `runner`, shows others that this worker lives. Closing them ends everything that
 * they run on this machine within `CLOSE_MS`, and returns a sentence for each thing that could not be ended.
 */
export async function openPorts(variables: AdapterVariables, given: Given): Promise<Opened> {
  await mkdir(given.root, { recursive: true });
  await takeOver(given.root, given.state, given.log);
  const { forges, lacking, opening, isolation } = await openForges(variables, given);
  if (lacking[0]) throw lacking[0].failure;
  const servedBy = (repository: string) => forges.find(({ serves }) => serves(repository));
  if (variables.GATEHOUSE_ISOLATION === 'bubblewrap' || forges.some(({ hosted }) => hosted)) {
    void isolation.probe().then((found) => 'because' in found && given.log({}, `no isolation: ${found.because}`));
  }
  const { forge, repositories } = forgesAsOne(forges, isolation, routingOf(variables));
  const defaultsFor = (repository: string) =>
    servedBy(repository)?.hosted ? given.configuration().defaults : undefined;
  const inCheckouts: InCheckouts = {
    ...opening,
    repositories,
    agentsOf: (change) => agentsOf(repositories, change, defaultsFor(change.repository)),
  };
  const read = (change: Change) => settingsOf(repositories, change);
  const ports = {
    forge,
    executor: executorsAsOne(await executorsOf(inCheckouts), inCheckouts.agentsOf),
    environments: environmentsAsOne(await providersOf(inCheckouts), read),
    notifier: await openNotifier(opening),
    releases: await one('releases', ({ releases }) => releases?.(inCheckouts)),
    tracker: await one('tracker', ({ tracker }) => tracker?.(opening)),
    meter: await one('meter', ({ meter }) => meter?.(opening)),
    texts: await one('texts', ({ texts }) => texts?.(opening)),
    storage: await one('storage', ({ storage }) => storage?.(opening)),
    rows: new RunRows(opening.state),
    rules: { of: (repository: string) => given.configuration().rulesOf(repository) },
  };
  const { executor, environments, notifier, releases } = ports;
  if (given.runner) {
    const held = () => hold(given.root);
    const log = (message: string) => given.log({}, message);
    await given.state.runners.begin({ ...given.runner, runner: await idOf(given.root), held, log });
  }
  const close = async () => {
    const left = await closeAll({ forge, executor, environments, releases, notifier });
    await given.state.runners.end(left.length > 0).catch(() => undefined); // then it is not heard of
    return left;
  };
  const pullRequests = ({ lookMs, ...needs }: PullRequestNeeds) => {
    const every = async (repository: string) => (await forge.pollEvery?.({ repository }, lookMs)) ?? lookMs;
    return forges.some(({ at }) => at !== undefined)
      ? new PullRequests({ ...pullRequestsBy(given, servedBy), ...needs, every })
      : undefined;
  };
  return { ports, forges, pullRequests, close };
}

/** Where pull requests are, and what the configuration file says of them. */
function pullRequestsBy({ state, log, configuration }: Given, servedBy: (repository: string) => Serving | undefined) {
  return {
    state,
    log,
    at: async (canonical: string) => servedBy(canonical)?.at?.(canonical),
    commentOn: (repository: string) => configuration().rulesOf(repository).comment,
    personOf: (vendor: string, login: string) => actorOf(configuration(), accountOf(vendor, login)),
    forbids(vendor: string, login: string, action: May, { repository, base = '' }: About) {
      const [present, account] = [configuration(), accountOf(vendor, login)];
      const grants = grantsOnPullRequest(present, personOf(present, account));
      return refusalOf({ name: actorOf(present, account), grants }, action, { repository, base });
    },
  };
}

const accountOf = (vendor: string, login: string): Account => ({
  through: vendor === 'GitHub' ? 'github' : 'gitea',
  login,
});

const vendors = Object.entries(VENDORS);

/**
 * Opens the forges alone. What is written needs the other ports; who only asks a forge needs nothing else. `lacking`: those
 * that are configured and cannot be opened, with a failure that names the variable.
 */
export async function openForges(
  variables: AdapterVariables,
  given: Given,
): Promise<{ forges: Serving[]; lacking: Lacking[]; opening: Opening; isolation: ReturnType<typeof isolationOf> }> {
  const file = variables.GATEHOUSE_LEDGER;
  const ledger = file === undefined ? undefined : fileLedger(path.resolve(file));
  const identity = { name: variables.GATEHOUSE_GIT_NAME, email: variables.GATEHOUSE_GIT_EMAIL };
  const forges: Serving[] = [];
  const lacking: Lacking[] = [];
  // What no forge serves is nobody's to trust.
  const isHosted = (repository: string) => forges.find(({ serves }) => serves(repository))?.hosted ?? true;
  const isolation = isolationOf(variables, given, isHosted);
  const opening: Opening = { ...given, isolation, variables, ledger, identity };
  for (const [name, { forge }] of vendors) {
    if (!forge || forge.configured?.is(variables) === false) continue;
    const { written, hosted } = forge;
    try {
      forges.push({ ...(await forge.open(opening)), name, written, hosted });
    } catch (failure) {
      lacking.push({ name, failure: failure as Error });
    }
  }
  return { forges, lacking, opening, isolation };
}

interface Lacking {
  name: string;
  failure: Error;
}

/** The forge of a repository as a person writes it, and its name for that forge. A refusal says what was expected. */
export const forgeFor = (variables: AdapterVariables, forges: readonly Serving[], repository: string) =>
  routed(repository, forges, routingOf(variables));

/** The kinds of forges on other machines, and the variables that configure each. */
export const hostedKinds = (variables: AdapterVariables) =>
  vendors.flatMap(([name, { forge }]) =>
    forge?.configured ? [{ name, by: forge.configured.by, is: forge.configured.is(variables) }] : [],
  );

function isolationOf(
  { GATEHOUSE_ISOLATION: setting }: AdapterVariables,
  { root, environment, configuration, closed = [] }: Given,
  isHosted: (repository: string) => boolean,
) {
  const hidden = (): string[] => {
    const { file, secrets } = configuration();
    return [file, ...Object.values(secrets).map((secret) => secret.file)].filter((each) => each !== undefined);
  };
  return openIsolation({ root, environment, setting, isHosted, hidden, closed });
}

/** Which forge `OWNER/NAME` is at, and which kinds of forges could be configured. */
const routingOf = (variables: AdapterVariables): Routing => ({
  preferred: variables.GATEHOUSE_FORGE,
  unconfigured: vendors.flatMap(([, { forge }]) =>
    forge?.configured?.is(variables) === false ? [forge.configured] : [],
  ),
});

async function executorsOf(opening: InCheckouts): Promise<OpenExecutor[]> {
  const opened: OpenExecutor[] = [];
  for (const [, { executor }] of vendors) {
    if (executor) opened.push({ executor: await executor.open(opening), runs: (agent) => executor.runs(agent) });
  }
  return opened;
}

async function providersOf(opening: InCheckouts): Promise<OpenEnvironments[]> {
  const opened: OpenEnvironments[] = [];
  for (const [, { environments: adapter }] of vendors) {
    if (!adapter) continue;
    opened.push({ environments: await adapter.open(opening), provides: (settings) => adapter.provides(settings) });
  }
  return opened;
}

/** Opens the notifiers to which notices are routed. */
export async function openNotifier(opening: Opening): Promise<Outgoing> {
  const { configuration, variables } = opening;
  const routes = () => configuration().notify ?? variables.GATEHOUSE_NOTIFY;
  for (const { adapter } of routes()) {
    const lack = notifierNamed(adapter).lacks?.(variables);
    if (lack !== undefined) throw new Error(lack);
  }
  // A reload may route notices to any of them.
  const usable = NOTIFIERS.filter((name) => notifierNamed(name).lacks?.(variables) === undefined);
  const opened = usable.map(async (name) => {
    const { reaches, open } = notifierNamed(name);
    return { name, reaches, notifier: await open(opening) };
  });
  return routedNotifier(await Promise.all(opened), routes, opening);
}

/** Opens the adapter of the first vendor that has one for this port. */
async function one<Port>(
  name: string,
  open: (each: (typeof vendors)[number][1]) => Promise<Port> | undefined,
): Promise<Port> {
  for (const [, each] of vendors) {
    const opened = open(each);
    if (opened) return opened;
  }
  throw new Error(`No vendor has an adapter for ${name}.`);
}
