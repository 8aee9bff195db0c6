import { z } from 'zod';
import { addressesOf, API_EXPECTED } from './addresses.ts';

const secret = (what: string) => z.string().min(1, { error: what }).meta({ secret: true });

export const variables = {
  /** A token for GitHub, classic or fine-grained. Default: GitHub is not used, unless an App is configured. */
  GATEHOUSE_GITHUB_TOKEN: secret('a token').regex(/^\S+$/, { error: 'a token without spaces' }).optional(),
  /** A file with the token, to use instead of `GATEHOUSE_GITHUB_TOKEN`. It is read again when the token is refused. */
  GATEHOUSE_GITHUB_TOKEN_FILE: z.string().optional(),
  /** The id of a GitHub App to use instead of a token. */
  GATEHOUSE_GITHUB_APP_ID: z
    .string()
    .regex(/^\d{1,18}$/, { error: 'the number of an App' })
    .optional(),
  /** The private key of the App, in PEM. Line breaks may be written as `\n`. */
  GATEHOUSE_GITHUB_APP_KEY: secret('a private key in PEM').optional(),
  /** A file with the private key, to use instead of `GATEHOUSE_GITHUB_APP_KEY`. */
  GATEHOUSE_GITHUB_APP_KEY_FILE: z.string().optional(),
  /** The address of GitHub's API. For GitHub Enterprise Server: `https://HOST/api/v3`. */
  GATEHOUSE_GITHUB_API_URL: z
    .string()
    .refine((text) => addressesOf(text) !== undefined, { error: API_EXPECTED })
    .default('https://api.github.com'),
  /** The secret with which GitHub signs its webhooks, at least 8 characters. Default: no webhooks are accepted. */
  GATEHOUSE_GITHUB_WEBHOOK_SECRET: z
    .string()
    .min(8, { error: 'at least 8 characters' })
    .optional()
    .meta({ secret: true }),
  /** A file with that secret, to use instead of `GATEHOUSE_GITHUB_WEBHOOK_SECRET`. */
  GATEHOUSE_GITHUB_WEBHOOK_SECRET_FILE: z.string().optional(),
};
