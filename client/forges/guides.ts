import type { Sender } from '../http/webhooks/signatures.ts';

/** The right that something needs at a forge, by the forge's own name, and what does not work without it. */
export interface Right {
  right: string;
  for: string;
}

/** How gatehouse is given access to a kind of forge. */
export interface Guide {
  /** What to make at the forge. */
  make: string[];
  /** The exact rights. */
  rights: Right[];
  /** The variables to set. */
  variables: { name: string; value: string }[];
}

/** The permissions of GitHub by their names on its pages. A token and an App take the same. */
const GITHUB: Right[] = [
  { right: 'Contents: read and write', for: 'pushing and merging' },
  { right: 'Pull requests: read and write', for: 'opening and merging pull requests' },
  { right: 'Checks: read', for: 'seeing check runs' },
  { right: 'Commit statuses: read and write', for: 'seeing commit statuses, and reporting ours' },
  { right: 'Actions: read and write', for: 'logs of red checks, and running cancelled ones again' },
  { right: 'Issues: read and write', for: 'comments on pull requests' },
  { right: 'Workflows: read and write', for: 'changes of workflow files' },
  { right: 'Administration: read', for: 'reading branch protection' },
  { right: 'Webhooks: read and write', for: 'making the webhook for you' },
];

export const GUIDES: Record<Sender, Guide> = {
  github: {
    make: [
      'For a team: a GitHub App with these permissions, installed on the repository, and a private key of it.',
      'To try it: a fine-grained token with the same permissions on the repository, or a classic one with repo and workflow.',
    ],
    rights: GITHUB,
    variables: [
      { name: 'GATEHOUSE_GITHUB_APP_ID', value: 'the number of the App' },
      { name: 'GATEHOUSE_GITHUB_APP_KEY_FILE', value: 'the file with its private key' },
      { name: 'GATEHOUSE_GITHUB_TOKEN', value: 'or instead of both: the token' },
      { name: 'GATEHOUSE_GITHUB_API_URL', value: 'only for GitHub Enterprise Server: https://HOST/api/v3' },
    ],
  },
  gitea: {
    make: ['An account for gatehouse with write permission on the repository, and an access token of it.'],
    rights: [
      { right: 'read:user', for: 'knowing our own comments' },
      { right: 'write:repository', for: 'branches, pull requests, statuses, merging and webhooks' },
      { right: 'write:issue', for: 'comments on pull requests' },
    ],
    variables: [
      { name: 'GATEHOUSE_GITEA_URL', value: 'the address of the Gitea or Forgejo' },
      { name: 'GATEHOUSE_GITEA_TOKEN', value: 'the token' },
    ],
  },
};

/** The first `.gatehouse.yml` of a repository whose own CI checks it. */
export const FIRST_SETTINGS = `agents: { default: { use: codex } } # or claude-code, gemini, opencode
`;
