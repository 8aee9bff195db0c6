import { program } from '../../programs.ts';
import type { StubRepository } from '../repository.ts';
import { notFound, operation, page, Refusal, type Call } from '../routing.ts';
import { filled } from '../contract.ts';

const git = (repository: StubRepository, ...args: string[]) =>
  program('git', args, { cwd: repository.folder, reject: false });

export const contents = [
  operation('GET /repos/{owner}/{repo}/contents/{path}', 'contents: read', async ({ repository, params, query }) => {
    const at = `${query.get('ref') ?? 'main'}:${params['path']}`;
    const kind = (await git(repository, 'cat-file', '-t', at)).stdout.trim();
    if (kind === 'tree') return { body: [] };
    if (kind !== 'blob') throw notFound();
    const text = (await git(repository, 'cat-file', '-p', at)).stdout;
    return { body: { type: 'file', encoding: 'base64', content: Buffer.from(text).toString('base64') } };
  }),
  operation('GET /repos/{owner}/{repo}/git/trees/{tree_sha}', 'contents: read', async ({ repository, params }) => {
    const listed = await git(repository, 'ls-tree', params['tree_sha']!);
    if (listed.exitCode !== 0) throw notFound();
    const tree = listed.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [head = '', path = ''] = line.split('\t');
        const [mode, type, sha] = head.split(' ');
        return { path, mode, type, sha };
      });
    return { body: { sha: params['tree_sha'], tree, truncated: false } };
  }),
  operation('GET /repos/{owner}/{repo}/branches/{branch}', 'contents: read', async ({ repository, params }) => {
    const name = params['branch']!;
    const sha = await repository.headOf(name);
    if (sha === undefined) throw new Refusal(404, 'Branch not found');
    const classic = repository.protections.get(name);
    const checks = classic?.checks ?? [];
    const protection = {
      enabled: classic !== undefined,
      required_status_checks: {
        enforcement_level: checks.length > 0 ? 'non_admins' : 'off',
        contexts: checks.map(({ context }) => context),
        checks: checks.map(({ context, app }) => ({ context, app_id: app ?? null })),
      },
    };
    return {
      body: {
        name,
        commit: { sha },
        protected: classic !== undefined || rulesOn(repository, name).length > 0,
        protection,
      },
    };
  }),
  operation(
    'GET /repos/{owner}/{repo}/branches/{branch}/protection',
    'administration: read',
    ({ repository, params }) => {
      const found = repository.protections.get(params['branch']!);
      if (!found) throw new Refusal(404, 'Branch not protected');
      const { checks, strict = false, approvals, signatures = false, linear = false, enforceAdmins = true } = found;
      const contexts = checks?.map(({ context }) => context) ?? [];
      return {
        body: filled('branch-protection', {
          ...(checks && {
            required_status_checks: {
              strict,
              contexts,
              checks: checks.map(({ context, app }) => ({ context, app_id: app ?? null })),
            },
          }),
          ...(approvals !== undefined && {
            required_pull_request_reviews: {
              url: 'https://stub.invalid/',
              dismiss_stale_reviews: false,
              require_code_owner_reviews: false,
              required_approving_review_count: approvals,
            },
          }),
          required_signatures: { url: 'https://stub.invalid/', enabled: signatures },
          required_linear_history: { enabled: linear },
          enforce_admins: { url: 'https://stub.invalid/', enabled: enforceAdmins },
        }),
      };
    },
  ),
  operation('GET /repos/{owner}/{repo}/rules/branches/{branch}', 'metadata: read', (call) => {
    const { repository, params } = call;
    const all = rulesOn(repository, params['branch']!).map(({ type, parameters, ruleset = 1 }) => ({
      type,
      ...(parameters && { parameters }),
      ruleset_id: ruleset,
      ruleset_source: repository.fullName,
      ruleset_source_type: 'Repository',
    }));
    const { items, headers } = page(call, pathOf(call), all);
    return { body: items, headers };
  }),
  operation('GET /repos/{owner}/{repo}/rulesets/{ruleset_id}', 'metadata: read', ({ repository, params }) => {
    const rules = [...repository.rules.values()]
      .flat()
      .filter(({ ruleset = 1 }) => String(ruleset) === params['ruleset_id']);
    if (rules.length === 0) throw notFound();
    return { body: { id: Number(params['ruleset_id']), current_user_can_bypass: rules[0]!.bypass ?? 'never' } };
  }),
  operation('DELETE /repos/{owner}/{repo}/git/refs/{ref}', 'contents: write', async ({ repository, params }) => {
    const branch = params['ref']!.replace(/^heads\//, '');
    if ((await repository.headOf(branch)) === undefined) throw new Refusal(422, 'Reference does not exist');
    if (repository.protections.has(branch) || rulesOn(repository, branch).some(({ type }) => type === 'deletion')) {
      throw new Refusal(422, 'Cannot delete this protected ref.');
    }
    await repository.git('update-ref', '-d', `refs/heads/${branch}`);
    return { status: 204 };
  }),
];

const rulesOn = (repository: StubRepository, branch: string) => repository.rules.get(branch) ?? [];

/** The path of a call, for the links to its other pages. */
export const pathOf = ({ repository, params }: Call): string =>
  `/repos/${repository.fullName}/rules/branches/${encodeURIComponent(params['branch'] ?? '')}`;
