import { z } from 'zod';
import { isGiven, Secret } from '../hosted/secrets.ts';
import { addressesOf, API_EXPECTED } from './addresses.ts';

export const variables = {
  /** A token for GitHub, classic or fine-grained. Default: GitHub is not used, unless an App is configured. */
  GATEHOUSE_GITHUB_TOKEN: z
    .string()
    .regex(/^\S+$/, { error: 'a token without spaces' })
    .optional()
    .meta({ secret: true }),
  /** A file with the token, to use instead of `GATEHOUSE_GITHUB_TOKEN`. It is read again when the token is refused. */
  GATEHOUSE_GITHUB_TOKEN_FILE: z.string().optional(),
  /** The id of a GitHub App to use instead of a token. */
  GATEHOUSE_GITHUB_APP_ID: z
    .string()
    .regex(/^\d{1,18}$/, { error: 'the number of an App' })
    .optional(),
  /** The private key of the App, in PEM. Line breaks may be written as `\n`. */
  GATEHOUSE_GITHUB_APP_KEY: z.string().min(1, { error: 'a private key in PEM' }).optional().meta({ secret: true }),
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
type Values = z.output<z.ZodObject<typeof variables>>;
/** The variables that say whose credentials we use. */
type Access = Partial<
  Pick<Values, `GATEHOUSE_GITHUB_${'TOKEN' | 'TOKEN_FILE' | 'APP_ID' | 'APP_KEY' | 'APP_KEY_FILE'}`>
>;

export const isConfigured = (values: Access): boolean =>
  [
    values.GATEHOUSE_GITHUB_TOKEN,
    values.GATEHOUSE_GITHUB_TOKEN_FILE,
    values.GATEHOUSE_GITHUB_APP_ID,
    values.GATEHOUSE_GITHUB_APP_KEY,
    values.GATEHOUSE_GITHUB_APP_KEY_FILE,
  ].some((value) => value !== undefined);

/** The token, or the App with its key. Throws an error with a line about the variable that is wrong. */
export function accessOf(values: Access): { token: Secret } | { appId: string; key: Secret } {
  const token = { value: values.GATEHOUSE_GITHUB_TOKEN, file: values.GATEHOUSE_GITHUB_TOKEN_FILE };
  const key = { value: values.GATEHOUSE_GITHUB_APP_KEY, file: values.GATEHOUSE_GITHUB_APP_KEY_FILE };
  const appId = values.GATEHOUSE_GITHUB_APP_ID;
  if (appId === undefined && isGiven(key)) {
    throw new Error('GATEHOUSE_GITHUB_APP_ID: expected the number of the App whose key is set');
  }
  if (appId === undefined) return { token: new Secret({ name: 'GATEHOUSE_GITHUB_TOKEN', ...token }) };
  if (isGiven(token)) {
    throw new Error('GATEHOUSE_GITHUB_TOKEN: expected it to be unset, because GATEHOUSE_GITHUB_APP_ID is set');
  }
  return { appId, key: new Secret({ name: 'GATEHOUSE_GITHUB_APP_KEY', ...key }) };
}
