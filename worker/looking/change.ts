import picomatch from 'picomatch';
import type { HostedBranch, HostedRepository, PullRequest, HostedApi } from '../../activities/adapters/hosted/api.ts';
import { judge } from '../../activities/adapters/hosted/checks/judging.ts';
import { methodsFor } from '../../activities/adapters/hosted/merging/methods.ts';
import { agentFor } from '../../activities/adapters/settings/agent-settings.ts';
import { agentsOf, settingsOf } from '../../activities/adapters/settings/reading.ts';
import type { RepositorySettings } from '../../activities/adapters/settings/repository-settings.ts';
import { examineWish, type Wish } from '../../activities/examining/wish.ts';
import type { Ports } from '../../activities/ports.ts';
import type { BadField } from '../../workflows/contracts/activities.ts';
import type { Change } from '../../workflows/contracts/change.ts';
import type { Failing, HeldCheck } from '../../workflows/contracts/reports.ts';
import type { RunInput } from '../../workflows/contracts/pipeline-run.ts';
import type { Everything } from './opening.ts';
import { answered } from './standing.ts';

/** What a run would find now. `refused`: why it would end at its start, and nothing more can be seen. */
export type Look = { is: 'refused'; refused: BadField[] } | ({ is: 'seen' } & Seen);

export interface Seen {
  change: Change;
  title?: string | undefined;
  /** Why the run would be refused at its start. Empty: it would begin. */
  refused: BadField[];
  /** What we may not do at the forge. */
  missing: string[];
  /** The policy with which it would work. */
  policy: RunInput['policy'];
  /** The head of the work branch. Undefined: there is no work branch that is ahead of the base. */
  head?: string | undefined;
  mergeability?: Awaited<ReturnType<Ports['forge']['mergeability']>> | undefined;
  checks: SeenChecks;
  /** The changed paths that the policy protects. */
  protectedPaths: string[];
  merge: SeenMerge;
  agents: SeenAgent[];
  preview?: RepositorySettings['environment'];
}

export interface SeenChecks {
  /** The checks that have ended on the head. */
  ended: Failing[];
  /** The names of those that run, or are required and have not reported. */
  running: string[];
  /** What a person must approve at the forge first. */
  held: HeldCheck[];
  /** The checks of `.gatehouse.yml`, which the run would begin here. */
  own: string[];
}

export interface SeenMerge {
  /** How it would be merged. Undefined: the forge allows no method. */
  method?: string | undefined;
  /** The approvals that the base demands. */
  approvals?: number | undefined;
  queue?: boolean | undefined;
  strict?: boolean | undefined;
  draft?: boolean | undefined;
  /** The forge's own word, such as `blocked`. */
  state?: string | undefined;
}

export interface SeenAgent {
  role: string;
  /** How it is run, such as `codex` or a command. Undefined: the repository names none. */
  agent?: string | undefined;
  /** Why it could not work here. */
  lacks: string[];
}

/** Looks at what a run would find, by the code with which it would. Nothing is written, at the forge or to the repository. */
export async function lookAtChange(world: Everything, wish: Wish): Promise<Look> {
  const { ports } = world;
  const asIf = await examineWish(ports, wish);
  const examined = asIf.is === 'found' ? asIf : await examineWish(ports, { ...wish, lookOnly: true });
  if (examined.is === 'refused') return { is: 'refused', refused: asIf.fields };

  const { found, floor } = examined;
  const { change, head } = found;
  const policy = { ...wish.input.policy, tested: wish.input.policy.tested ?? found.tested, ...floor };
  const at = await forgeOf(world, change);
  const settings = await settingsOf(at.repositories, change);
  const hosted = at.hosted && (await hostedFacts(at.hosted, change));
  return {
    is: 'seen',
    change,
    ...(found.title !== undefined && { title: found.title }),
    refused: asIf.fields,
    missing: hosted ? hosted.missing : [],
    policy,
    ...(head !== undefined && { head, mergeability: await ports.forge.mergeability(change) }),
    checks: await checksOf({ head, settings, hosted }),
    protectedPaths: head === undefined ? [] : await protectedIn(ports, { change, head, globs: policy.protectedPaths }),
    merge: mergeOf(policy.mergeMethod, hosted),
    agents: await seenAgents(world, { change, roles: wish.roles }),
    ...(settings.environment && { preview: settings.environment }),
  };
}

async function forgeOf({ find }: Pick<Everything, 'find'>, { repository }: Change) {
  const found = find(repository);
  if ('expected' in found) throw new Error(found.expected);
  const { forge } = found;
  return { repositories: forge.repositories, hosted: forge.at && (await forge.at(repository)) };
}

interface Hosted {
  api: HostedApi;
  repository: HostedRepository;
  missing: string[];
  branch?: HostedBranch | undefined;
  pullRequest?: PullRequest | undefined;
}

/** What the forge says of the change, as far as we may ask. */
async function hostedFacts(
  { api, repository }: { api: HostedApi; repository: HostedRepository },
  { base, pullRequest: number }: Change,
): Promise<Hosted> {
  const [missing, branch, pullRequest] = await Promise.all([
    answered(() => api.missing(repository)),
    answered(() => api.branch(repository, base)),
    answered(async () => (number === undefined ? undefined : api.pullRequest(repository, number))),
  ]);
  const because = [missing, branch, pullRequest].flatMap((each) => ('because' in each ? [each.because] : []));
  return {
    api,
    repository,
    missing: [...new Set([...('answer' in missing ? missing.answer : []), ...because])],
    branch: 'answer' in branch ? branch.answer : undefined,
    pullRequest: 'answer' in pullRequest ? pullRequest.answer : undefined,
  };
}

/** The checks of the head by the rules of the gate, as they are now. None is begun, reported or run again. */
async function checksOf({
  head,
  settings: { checks, ci },
  hosted,
}: {
  head: string | undefined;
  settings: RepositorySettings;
  hosted: Hosted | undefined;
}): Promise<SeenChecks> {
  const own = Object.keys(checks);
  const none = { ended: [], running: [], held: [], own };
  if (!hosted || head === undefined) return none;
  const { api, repository, branch, missing } = hosted;
  const asked = await answered(async () => ({
    theirs: await api.checks(repository, head),
    held: await api.heldRuns(repository, head),
  }));
  if (!('answer' in asked)) {
    missing.push(asked.because);
    return none;
  }
  const { theirs, held } = asked.answer;
  const { required = [] } = branch ?? {};
  const wanted = ci?.required ?? [];
  const judged = judge({ theirs, ours: own, required, wanted, ignored: ci?.ignore ?? [], again: () => 'never' });
  const ended = judged.ended.map(({ check, ...failing }) => (void check, failing));
  return { ended, running: [...new Set(judged.running)], held, own };
}

async function protectedIn(
  { forge }: Ports,
  { change, head, globs }: { change: Change; head: string; globs: string[] },
): Promise<string[]> {
  if (globs.length === 0) return [];
  const isProtected = picomatch(globs, { dot: true });
  return (await forge.changedPaths(change, head)).filter((path) => isProtected(path)).slice(0, 100);
}

/** A local repository is merged by a merge commit. */
function mergeOf(wanted: RunInput['policy']['mergeMethod'], hosted: Hosted | undefined): SeenMerge {
  if (!hosted) return { method: 'merge' };
  const { repository, branch, pullRequest } = hosted;
  const { approvals, mergeQueue: queue, strict } = branch ?? {};
  const { draft, mergeState: state } = pullRequest ?? {};
  return { method: methodsFor(wanted, repository, branch)[0], approvals, queue, strict, draft, state };
}

/** The agent of each role, and what it lacks on this machine. */
async function seenAgents(
  { ports, configuration, find }: Everything,
  { change, roles }: { change: Change; roles: string[] },
): Promise<SeenAgent[]> {
  const found = find(change.repository);
  if ('expected' in found) return [];
  const { repositories, hosted } = found.forge;
  const { agents } = await agentsOf(repositories, change, hosted ? configuration().defaults : undefined);
  return Promise.all(
    roles.map(async (role) => {
      const agent = agentFor(agents, role);
      const shown = agent && (agent.is === 'preset' ? agent.preset : agent.command);
      const lacks = await ports.executor.examine(change, [role]);
      return { role, ...(shown !== undefined && { agent: shown }), lacks: lacks.map(({ expected }) => expected) };
    }),
  );
}
