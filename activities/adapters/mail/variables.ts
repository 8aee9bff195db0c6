import { z } from 'zod';
import { isGiven, Secret } from '../hosted/secrets.ts';

const isSmtp = (text: string) => URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol);
const EXPECTED = 'an address such as smtps://USER:PASSWORD@HOST';

export const variables = {
  /** The mail server through which `email` sends, as `smtps://USER:PASSWORD@HOST` or `smtp://HOST:587`. */
  GATEHOUSE_SMTP_URL: z.string().refine(isSmtp, { error: EXPECTED }).optional().meta({ secret: true }),
  /** A file with that address, to use instead of `GATEHOUSE_SMTP_URL`. */
  GATEHOUSE_SMTP_URL_FILE: z.string().optional(),
  /** The sender of e-mails, an address. */
  GATEHOUSE_MAIL_FROM: z.email({ error: 'an e-mail address' }).max(254).optional(),
};
export type MailVariables = z.output<z.ZodObject<typeof variables>>;

const given = ({ GATEHOUSE_SMTP_URL: value, GATEHOUSE_SMTP_URL_FILE: file }: MailVariables) => ({ value, file });

export const hasServer = (values: MailVariables): boolean => isGiven(given(values));

/** The address of the mail server. Throws an error with a line about the variable that is wrong. */
export function serverOf(values: MailVariables): string {
  const { current } = new Secret({ name: 'GATEHOUSE_SMTP_URL', ...given(values) });
  if (!isSmtp(current)) throw new Error(`GATEHOUSE_SMTP_URL_FILE: expected ${EXPECTED}`);
  return current;
}
