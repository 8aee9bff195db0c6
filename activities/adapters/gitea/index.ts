import type { Vendor } from '../vendor.ts';
import { variables } from './variables.ts';

/** A Gitea or a Forgejo, with one account's token. */
export const gitea: Vendor<typeof variables> = {
  variables,

  forge: {
    written: 'https://HOST/OWNER/NAME of a repository at GATEHOUSE_GITEA_URL',
    hosted: true,
    configured: {
      by: 'GATEHOUSE_GITEA_URL and GATEHOUSE_GITEA_TOKEN',
      is: ({ GATEHOUSE_GITEA_URL: url, GATEHOUSE_GITEA_TOKEN: token, GATEHOUSE_GITEA_TOKEN_FILE: file }) =>
        url !== undefined && (token !== undefined || file !== undefined),
    },
    open: async (opening) => (await import('./opening.ts')).openGitea(opening),
  },
};
