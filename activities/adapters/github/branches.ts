import type { z } from 'zod';
import type { HostedBranch, HostedRepository, MergeMethod } from '../hosted/api.ts';
import { permitted, type Calls } from './calling/calls.ts';
import { NEEDS } from './calling/permissions.ts';
import { Branch, Protection, Rule, Ruleset, wordsIn } from './calling/schemas.ts';

type Required = NonNullable<HostedBranch['required']>;

/** Rules that refuse pushes to a branch, to all who may not bypass them. */
const AGAINST_PUSHES = ['update', 'pull_request', 'merge_queue', 'required_status_checks'];
const METHODS: readonly MergeMethod[] = ['merge', 'squash', 'rebase'];

/** A branch with its rules: those of rulesets and of branch protection, as far as we may read them. */
export async function branchOf(
  calls: Calls,
  repository: HostedRepository,
  name: string,
): Promise<HostedBranch | undefined> {
  const { owner, name: repo } = repository;
  const at = { owner, name: repo };
  const branch = await calls.maybe(
    Branch,
    'GET /repos/{owner}/{repo}/branches/{branch}',
    { owner, repo, branch: name },
    { at, needs: NEEDS.contents },
  );
  // A renamed branch answers under its former name as well.
  if (!branch || branch.name !== name) return undefined;
  const rules = await rulesOn(calls, repository, name);
  const protection = isProtected(branch) ? await protectionOf(calls, repository, name) : undefined;
  return {
    name,
    head: branch.commit.sha,
    protected: branch.protected || rules.length > 0,
    mayPush: await mayPush(calls, repository, { branch, rules, protection }),
    required: requiredOf({ branch, rules, protection }),
    approvals: approvalsOf(rules, protection),
    strict: strictOf(rules, protection),
    signed: has(rules, 'required_signatures') || protection?.required_signatures?.enabled === true,
    mergeQueue: has(rules, 'merge_queue'),
    methods: methodsOf(rules, protection),
  };
}

/** Deletes a branch. `absent`: it was not there. */
export async function deleteBranch(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  branch: string,
): Promise<'deleted' | 'absent' | { refused: string }> {
  const { status, data } = await calls.send(
    'DELETE /repos/{owner}/{repo}/git/refs/{ref}',
    { owner, repo, ref: `heads/${branch}` },
    { at: { owner, name: repo }, needs: NEEDS.push, expected: [403, 404, 409, 422] },
  );
  if (status < 300) return 'deleted';
  const words = wordsIn(data);
  if (status === 404 || /reference does not exist/i.test(words)) return 'absent';
  return { refused: words };
}

interface Found {
  branch: z.output<typeof Branch>;
  rules: Rule[];
  protection: Protection | undefined;
}

async function rulesOn(calls: Calls, { owner, name: repo }: HostedRepository, branch: string): Promise<Rule[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.metadata, expected: [403, 404] };
  const route = 'GET /repos/{owner}/{repo}/rules/branches/{branch}';
  return (await calls.pages(Rule, route, { owner, repo, branch }, about)) ?? [];
}

async function protectionOf(calls: Calls, { owner, name: repo }: HostedRepository, branch: string) {
  const about = { at: { owner, name: repo }, needs: NEEDS.protection, expected: [403, 404] };
  const route = 'GET /repos/{owner}/{repo}/branches/{branch}/protection';
  return permitted(calls.maybe(Protection, route, { owner, repo, branch }, about));
}

/** Required by rulesets or protection, and else by what the branch itself says. */
function requiredOf({ branch, rules, protection }: Found): Required {
  const byRules = rules.flatMap(({ parameters }) => parameters?.required_status_checks ?? []);
  const { checks, contexts } = protection?.required_status_checks ?? branch.protection?.required_status_checks ?? {};
  const byProtection: { context: string; app_id?: number | null | undefined }[] =
    checks ?? contexts?.map((context) => ({ context })) ?? [];
  const all = [
    ...byRules.map(({ context, integration_id: app }) => ({ name: context, app })),
    ...byProtection.map(({ context, app_id: app }) => ({ name: context, app })),
  ];
  const required = new Map<string, Required[number]>();
  // Any app may report a check whose app is -1 or unknown.
  for (const { name, app } of all) {
    const pinned = typeof app === 'number' && app > 0 ? { app } : {};
    required.set(`${name} ${pinned.app ?? ''}`, { name, ...pinned });
  }
  return [...required.values()];
}

function approvalsOf(rules: Rule[], protection: Protection | undefined): number {
  const counts = rules.map(({ parameters }) => parameters?.required_approving_review_count ?? 0);
  return Math.max(0, protection?.required_pull_request_reviews?.required_approving_review_count ?? 0, ...counts);
}

const strictOf = (rules: Rule[], protection: Protection | undefined): boolean =>
  protection?.required_status_checks?.strict === true ||
  rules.some(({ parameters }) => parameters?.strict_required_status_checks_policy === true);

/** The merge methods that all rules allow. */
function methodsOf(rules: Rule[], protection: Protection | undefined): MergeMethod[] {
  const linear = has(rules, 'required_linear_history') || protection?.required_linear_history?.enabled === true;
  const lists = rules.flatMap(({ parameters }) =>
    parameters?.allowed_merge_methods ? [parameters.allowed_merge_methods] : [],
  );
  return METHODS.filter((method) => lists.every((each) => each.includes(method)) && !(linear && method === 'merge'));
}

/** Whether we may push. Undefined: we may not read what protects the branch. */
async function mayPush(calls: Calls, repository: HostedRepository, found: Found): Promise<boolean | undefined> {
  if (!repository.may.write) return false;
  const against = found.rules.filter(({ type }) => AGAINST_PUSHES.includes(type));
  const answers = [
    against.length === 0 || (await mayBypass(calls, repository, against)),
    !isProtected(found.branch) || allowedBy(found, repository.may.administer),
  ];
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

async function mayBypass(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  against: Rule[],
): Promise<boolean | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.metadata, expected: [403, 404] };
  const bypasses: (boolean | undefined)[] = [];
  for (const id of new Set(against.flatMap(({ ruleset_id: each }) => each ?? []))) {
    const route = 'GET /repos/{owner}/{repo}/rulesets/{ruleset_id}';
    const ruleset = await calls.maybe(Ruleset, route, { owner, repo, ruleset_id: id }, about);
    const can = ruleset?.current_user_can_bypass;
    bypasses.push(can === undefined ? undefined : can === 'always' || can === 'exempt');
  }
  if (bypasses.includes(false)) return false;
  return bypasses.length === 0 || bypasses.includes(undefined) ? undefined : true;
}

function allowedBy({ protection }: Found, administer: boolean): boolean | undefined {
  if (!protection) return undefined;
  if (protection.lock_branch?.enabled) return false;
  const { required_pull_request_reviews: reviews, required_status_checks: checks, restrictions } = protection;
  if (!reviews && !checks && !restrictions) return true;
  if (administer && protection.enforce_admins?.enabled !== true) return true;
  // Who may push in spite of restrictions is a list of people, teams and apps.
  return reviews || checks ? false : undefined;
}

/** Whether classic protection holds. Rulesets alone make a branch `protected`, too. */
const isProtected = (branch: z.output<typeof Branch>) => branch.protected && branch.protection?.enabled !== false;
const has = (rules: Rule[], type: string) => rules.some((rule) => rule.type === type);
