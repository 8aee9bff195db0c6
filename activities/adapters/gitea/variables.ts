import { z } from 'zod';

const isAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
/** Repositories are written `https://HOST/OWNER/NAME`, so a path has no place in their names. */
const isBare = (text: string) => {
  const { pathname, search, hash, username, password } = new URL(text);
  return pathname === '/' && search === '' && hash === '' && username === '' && password === '';
};

export const variables = {
  /** The address of a Gitea or Forgejo, such as `https://git.example.com`. */
  GATEHOUSE_GITEA_URL: z
    .string()
    .refine(isAddress, { error: 'an http or https address', abort: true })
    .refine(isBare, { error: 'an address as https://HOST, without a path and without credentials' })
    .transform((text) => new URL(text).origin)
    .optional(),
  /**
   * The access token for the Gitea or Forgejo. It needs the scopes `read:user`, `write:repository` and `write:issue`, and
   * its account needs write permission on the repositories.
   */
  GATEHOUSE_GITEA_TOKEN: z.string().trim().min(1, { error: 'a token' }).optional().meta({ secret: true }),
  /** A file with that token, to use instead of `GATEHOUSE_GITEA_TOKEN`. It may be replaced while the worker runs. */
  GATEHOUSE_GITEA_TOKEN_FILE: z.string().min(1, { error: 'a file' }).optional(),
  /** The secret with which the Gitea or Forgejo signs its webhooks, at least 8 characters. Default: webhooks are not accepted. */
  GATEHOUSE_GITEA_WEBHOOK_SECRET: z
    .string()
    .min(8, { error: 'at least 8 characters' })
    .optional()
    .meta({ secret: true }),
  /** A file with that secret, to use instead of `GATEHOUSE_GITEA_WEBHOOK_SECRET`. */
  GATEHOUSE_GITEA_WEBHOOK_SECRET_FILE: z.string().min(1, { error: 'a file' }).optional(),
};
