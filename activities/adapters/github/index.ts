import type { Vendor } from '../vendor.ts';
import { isConfigured, variables } from './variables.ts';

/** GitHub and GitHub Enterprise Server, with a token or as an App. */
export const github: Vendor<typeof variables> = {
  variables,

  forge: {
    written: 'https://github.com/OWNER/NAME, or the address of a repository at GATEHOUSE_GITHUB_API_URL',
    hosted: true,
    configured: {
      by: 'GATEHOUSE_GITHUB_TOKEN, or GATEHOUSE_GITHUB_APP_ID and GATEHOUSE_GITHUB_APP_KEY',
      at: 'github.com',
      is: isConfigured,
    },
    open: async (opening) => (await import('./opening.ts')).openGithub(opening),
  },
};
