import { namedBy, type Named } from '../../../../client/http/webhooks/events.ts';

const repository = { html_url: 'https://github.com/acme/shop' };
const nothing = { branches: [], heads: [], pullRequests: [] };
const pull = { number: 7, head: { ref: 'gatehouse/A', sha: 'a1' }, base: { ref: 'main', sha: 'm1' } };
const comment = { id: 5, body: '/gatehouse confirm' };

const cases: [string, string, object, Partial<Named> | undefined][] = [
  [
    'a check run',
    'check_run',
    { check_run: { head_sha: 'a1', check_suite: { head_branch: 'gatehouse/A' }, pull_requests: [{ number: 7 }] } },
    { about: 'checks', branches: ['gatehouse/A'], heads: ['a1'], pullRequests: [7] },
  ],
  [
    'a commit status',
    'status',
    { sha: 'a1', branches: [{ name: 'gatehouse/A' }] },
    { about: 'checks', branches: ['gatehouse/A'], heads: ['a1'] },
  ],
  [
    'a workflow run',
    'workflow_run',
    { workflow_run: { head_sha: 'a1', head_branch: 'gatehouse/A', pull_requests: null } },
    { about: 'checks', branches: ['gatehouse/A'], heads: ['a1'] },
  ],
  ['a push', 'push', { ref: 'refs/heads/a/b', after: 'a1' }, { about: 'change', branches: ['a/b'], heads: ['a1'] }],
  ['a pushed tag', 'push', { ref: 'refs/tags/v1', after: 'a1' }, { about: 'change', heads: ['a1'] }],
  [
    'a pull request',
    'pull_request',
    { action: 'closed', number: 7, pull_request: pull },
    { about: 'change', branches: ['gatehouse/A', 'main'], heads: ['a1'], pullRequests: [7] },
  ],
  [
    'an approval at Gitea',
    'pull_request_approved',
    { action: 'reviewed', pull_request: pull },
    { about: 'change', branches: ['gatehouse/A', 'main'], heads: ['a1'], pullRequests: [7] },
  ],
  [
    'a merge group',
    'merge_group',
    {
      merge_group: {
        head_sha: 'q1',
        head_ref: 'refs/heads/gh-readonly-queue/main/pr-7-0123abcd',
        base_ref: 'refs/heads/main',
      },
    },
    { about: 'change', branches: ['main'], heads: ['q1'], pullRequests: [7] },
  ],
  [
    'a comment on a pull request',
    'issue_comment',
    { action: 'created', issue: { number: 7, pull_request: {} }, comment },
    { comment: { ...comment, number: 7 }, pullRequests: [7] },
  ],
  [
    'a comment on a pull request at Gitea',
    'issue_comment',
    { action: 'created', is_pull: true, issue: { number: 7, pull_request: null }, comment },
    { comment: { ...comment, number: 7 }, pullRequests: [7] },
  ],
  ['a comment on an issue', 'issue_comment', { action: 'created', issue: { number: 7 }, comment }, undefined],
  [
    'an edited comment',
    'issue_comment',
    { action: 'edited', issue: { number: 7, pull_request: {} }, comment },
    undefined,
  ],
  ['an unknown event', 'star', { action: 'created' }, undefined],
];

it.each(cases)('%s', (_, event, body, named) => {
  const expected = named && { repository: repository.html_url, ...nothing, ...named };
  expect(namedBy(event, { repository, ...body })).toEqual(expected);
});

it.each([undefined, 'text', [], {}, { repository: {} }, { repository, ref: 7 }])('ignores the body %j', (body) => {
  expect(namedBy('push', body)).toBeUndefined();
});
