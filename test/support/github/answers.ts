import { filled } from './contract.ts';
import type { Account, CheckRunRow, CommentRow, Pull, RunRow, StatusRow, StubRepository } from './repository.ts';

/** The answers of the stub, in GitHub's forms. `site`: the address of its pages; `api`: that of its API. */
export interface Site {
  pages: string;
  api: string;
}

export const userOf = ({ id, login, type }: Account) =>
  filled('simple-user', { id, login, type, html_url: `https://stub.invalid/${login}` });

export const repositoryOf = (site: Site, repository: StubRepository, permission: string | undefined, empty: boolean) =>
  filled('full-repository', {
    id: repository.id,
    name: repository.name,
    full_name: repository.fullName,
    owner: { login: repository.owner },
    html_url: `${site.pages}/${repository.fullName}`,
    clone_url: `${site.pages}/${repository.fullName}.git`,
    default_branch: 'main',
    archived: repository.archived,
    size: empty ? 0 : 1,
    permissions: {
      admin: permission === 'admin',
      maintain: false,
      push: permission === 'admin' || permission === 'write',
      triage: false,
      pull: true,
    },
    allow_merge_commit: repository.methods.merge,
    allow_squash_merge: repository.methods.squash,
    allow_rebase_merge: repository.methods.rebase,
  });

const smallRepository = ({ id, name, owner, fullName }: StubRepository) =>
  filled('repository', { id, name, full_name: fullName, owner: { login: owner }, default_branch: 'main' });

export function pullOf(
  site: Site,
  repository: StubRepository,
  pull: Pull,
  more: { head: string; baseHead: string; mergeable?: boolean | null; state?: string; schema?: string },
) {
  const { head, baseHead, mergeable = null, state = 'unknown', schema = 'pull-request' } = more;
  const own = smallRepository(repository);
  const from = pull.fork
    ? { ...own, id: repository.id + 1_000_000, owner: { ...(own['owner'] as object), login: pull.fork } }
    : own;
  const all = filled(schema, {
    number: pull.number,
    id: repository.id * 1_000 + pull.number,
    node_id: `PR_${repository.id}_${pull.number}`,
    html_url: `${site.pages}/${repository.fullName}/pull/${pull.number}`,
    title: pull.title,
    body: pull.body,
    state: pull.state,
    draft: pull.draft,
    merge_commit_sha: pull.mergeCommit ?? null,
    head: { ref: pull.branch, sha: head, label: `${pull.fork ?? repository.owner}:${pull.branch}`, repo: from },
    base: { ref: pull.base, sha: baseHead, label: `${repository.owner}:${pull.base}`, repo: own },
    user: userOf(pull.author),
    closed_at: pull.closedAt ?? null,
    merged_at: pull.merged ? (pull.closedAt ?? null) : null,
    updated_at: pull.updatedAt,
    _links: Object.fromEntries(LINKS.map((name) => [name, { href: 'https://stub.invalid/' }])),
  });
  if (schema !== 'pull-request') return all;
  return { ...all, merged: pull.merged, mergeable, mergeable_state: state };
}
const LINKS = ['comments', 'commits', 'statuses', 'html', 'issue', 'review_comments', 'review_comment', 'self'];

export const checkRunOf = (site: Site, repository: StubRepository, run: CheckRunRow, actionsRun?: RunRow) => {
  const page = `${site.pages}/${repository.fullName}`;
  const details = actionsRun ? `${page}/actions/runs/${actionsRun.id}/job/${run.id}` : `${page}/runs/${run.id}`;
  return filled('check-run', {
    id: run.id,
    name: run.name,
    head_sha: run.sha,
    status: run.status,
    conclusion: run.conclusion,
    html_url: details,
    details_url: details,
    app: filled('integration', {
      id: run.app.id,
      slug: run.app.slug,
      name: run.app.slug,
      owner: filled('simple-user', { login: run.app.slug }),
      permissions: {},
    }),
    check_suite: { id: run.suite },
    output: {
      title: run.output.title ?? null,
      summary: run.output.summary ?? null,
      text: run.output.text ?? null,
      annotations_count: run.annotations.length,
      annotations_url: 'https://stub.invalid/',
    },
  });
};

export const runOf = (site: Site, repository: StubRepository, run: RunRow) => {
  const own = filled('minimal-repository', {
    id: repository.id,
    name: repository.name,
    full_name: repository.fullName,
    owner: filled('simple-user', { login: repository.owner }),
  });
  return filled('workflow-run', {
    id: run.id,
    name: run.name,
    head_sha: run.sha,
    workflow_id: run.workflow,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    run_attempt: run.attempt,
    check_suite_id: run.suite,
    html_url: `${site.pages}/${repository.fullName}/actions/runs/${run.id}`,
    repository: own,
    head_repository: own,
    pull_requests: [],
  });
};

export const jobOf = (run: RunRow, job: RunRow['jobs'][number]) =>
  filled('job', {
    id: job.id,
    run_id: run.id,
    run_attempt: job.attempt,
    head_sha: run.sha,
    name: job.name,
    status: job.status,
    conclusion: job.conclusion,
    steps: job.steps.map((step, index) => ({ ...step, status: 'completed', number: index + 1 })),
    labels: [],
  });

export const statusOf = ({ id, context, state, description, url, by }: StatusRow) =>
  filled('simple-commit-status', {
    id,
    context,
    state,
    description,
    target_url: url,
    avatar_url: by.app
      ? `https://avatars.stub.invalid/in/${by.app.id}?v=4`
      : `https://avatars.stub.invalid/u/${by.id}?v=4`,
  });

export const combinedOf = (repository: StubRepository, sha: string, statuses: StatusRow[], all: StatusRow[]) =>
  filled('combined-commit-status', {
    sha,
    state: 'pending',
    total_count: all.length,
    statuses: statuses.map(statusOf),
    repository: filled('minimal-repository', {
      id: repository.id,
      name: repository.name,
      full_name: repository.fullName,
      owner: filled('simple-user', { login: repository.owner }),
    }),
  });

export const commentOf = (site: Site, repository: StubRepository, comment: CommentRow) =>
  filled('issue-comment', {
    id: comment.id,
    body: comment.body,
    user: userOf(comment.by),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    html_url: `${site.pages}/${repository.fullName}/pull/${comment.number}#issuecomment-${comment.id}`,
    issue_url: `${site.api}/repos/${repository.fullName}/issues/${comment.number}`,
    author_association: 'NONE',
    performed_via_github_app: comment.by.app
      ? filled('integration', {
          id: comment.by.app.id,
          slug: comment.by.app.slug,
          owner: filled('simple-user', {}),
          permissions: {},
        })
      : null,
  });
