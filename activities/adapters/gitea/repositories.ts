import type { HostedAccount, HostedBranch, HostedRepository, MergeMethod, Place } from '../hosted/api.ts';
import { NotThere } from '../hosted/failures.ts';
import { at, segments, type GiteaClient } from './client.ts';
import { mayWriteWithToken } from './scopes.ts';
import { Branch, Protection, Repository, User } from './shapes.ts';
import { Tree } from './trees.ts';

/** The account whose token we have. */
export async function me(client: GiteaClient): Promise<HostedAccount> {
  const { id, login, full_name: name, email } = await client.json(User, 'GET', '/user');
  return { id, login, name: name || login, email, bot: false };
}

export async function repository(client: GiteaClient, place: Place): Promise<HostedRepository | undefined> {
  const found = await client.find(Repository, at(place));
  if (!found) return undefined;
  const { id, name, archived, empty, permissions } = found;
  const canonical = `${client.address}/${found.owner.login}/${name}`;
  const here = { owner: found.owner.login, name };
  const write = permissions?.push === true && !archived && (await mayWriteWithToken(client, here));
  return {
    ...here,
    id,
    canonical,
    // Gitea's own `clone_url` is what its operator believes its address to be, which we need not be able to reach.
    cloneUrl: `${canonical}.git`,
    defaultBranch: found.default_branch,
    archived,
    empty,
    may: { read: permissions?.pull !== false, write, administer: permissions?.admin === true },
    methods: methodsOf(found),
  };
}

/**
 * The methods that the repository allows, its preferred one first. A fast forward, which it allows unless told otherwise, stands
 * for a merge only where nothing else is allowed.
 */
function methodsOf(found: Repository): MergeMethod[] {
  if (!found.has_pull_requests) return [];
  const allowed: [MergeMethod, boolean][] = [
    ['merge', found.allow_merge_commits],
    ['squash', found.allow_squash_merge],
    ['rebase', found.allow_rebase || found.allow_rebase_explicit],
  ];
  const methods = allowed.filter(([, is]) => is).map(([method]) => method);
  if (methods.length === 0) return found.allow_fast_forward_only_merge ? ['merge'] : [];
  const preferred = (found.default_merge_style ?? 'merge').replace(/-merge$/, '');
  return methods.toSorted((a, b) => Number(b === preferred) - Number(a === preferred));
}

/**
 * A branch with its rules. Only administrators of the repository may read the rules themselves; everybody else is told the
 * required checks, the number of approvals, and whether they may push.
 */
export async function branch(
  client: GiteaClient,
  repository: HostedRepository,
  name: string,
): Promise<HostedBranch | undefined> {
  const found = await client.find(Branch, `${at(repository)}/branches/${segments(name)}`);
  if (!found) return missing(client, repository);
  const { protected: isProtected, commit, user_can_push: mayPush } = found;
  const known = { name: found.name, head: commit.id, protected: isProtected, mayPush };
  if (!isProtected) return { ...known, required: [], approvals: 0, strict: false, signed: false, mergeQueue: false };
  const rule = await ruleOf(client, repository, found.effective_branch_protection_name);
  return {
    ...known,
    required: requiredOf(found),
    approvals: found.required_approvals,
    strict: rule?.block_on_outdated_branch,
    signed: rule?.require_signed_commits,
    mergeQueue: false,
  };
}

/** Gitea's required checks are globs. A rule that requires checks and names none means all that report. */
function requiredOf({ enable_status_check: on, status_check_contexts: names }: Branch): HostedBranch['required'] {
  if (!on) return [];
  const globs = names && names.length > 0 ? names : ['*'];
  return globs.map((name) => ({ name, glob: true }));
}

async function ruleOf(client: GiteaClient, repository: HostedRepository, name: string | undefined) {
  if (name === undefined || name === '' || !repository.may.administer) return undefined;
  const where = `${at(repository)}/branch_protections/${segments(name)}`;
  const { status, body } = await client.ask('GET', where, { expected: [403, 404] });
  return status === 200 ? client.transport.fitting(Protection, body, 'GET branch_protections') : undefined;
}

/** Gitea answers 404 for a missing branch as it does for a repository that we no longer see. */
export async function missing(client: GiteaClient, repository: HostedRepository): Promise<undefined> {
  if (await client.find(Repository, at(repository))) return undefined;
  throw new NotThere(`${repository.canonical} is not there any more, or not visible to us`);
}

export async function fileAt(
  client: GiteaClient,
  repository: HostedRepository,
  commit: string,
  file: string,
): Promise<string | undefined> {
  const where = `${at(repository)}/raw/${segments(file)}?ref=${encodeURIComponent(commit)}`;
  const { status, body } = await client.ask('GET', where, { expected: [404], read: 'text' });
  return status === 404 ? missing(client, repository) : String(body ?? '');
}

/** Whether any of the paths exists. One at the top may end in `*`. */
export async function anyAt(
  client: GiteaClient,
  repository: HostedRepository,
  commit: string,
  paths: readonly string[],
): Promise<boolean> {
  const root = new Tree(client, repository, commit);
  for (const path of paths) if (await root.has(path.split('/').filter(Boolean))) return true;
  return false;
}
