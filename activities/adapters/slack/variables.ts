import { z } from 'zod';
import { isGiven, Secret } from '../hosted/secrets.ts';

export const variables = {
  /** The bot token of the Slack app, with which `slack` posts. It begins with `xoxb-`. */
  GATEHOUSE_SLACK_TOKEN: z
    .string()
    .regex(/^\S+$/, { error: 'a token without spaces' })
    .optional()
    .meta({ secret: true }),
  /** A file with the token, to use instead of `GATEHOUSE_SLACK_TOKEN`. It is read again when the token is refused. */
  GATEHOUSE_SLACK_TOKEN_FILE: z.string().optional(),
  /** The signing secret of the Slack app. Default: buttons are not accepted, and messages have links only. */
  GATEHOUSE_SLACK_SIGNING_SECRET: z
    .string()
    .min(8, { error: 'at least 8 characters' })
    .optional()
    .meta({ secret: true }),
  /** A file with that secret, to use instead of `GATEHOUSE_SLACK_SIGNING_SECRET`. */
  GATEHOUSE_SLACK_SIGNING_SECRET_FILE: z.string().optional(),
  /** The address of Slack's API. */
  GATEHOUSE_SLACK_API_URL: z
    .url({ protocol: /^https?$/, error: 'an http or https address' })
    .default('https://slack.com/api/'),
};
export type SlackVariables = z.output<z.ZodObject<typeof variables>>;

const token = ({ GATEHOUSE_SLACK_TOKEN: value, GATEHOUSE_SLACK_TOKEN_FILE: file }: SlackVariables) => ({ value, file });

export const hasToken = (values: SlackVariables): boolean => isGiven(token(values));

/** The token. Throws an error with a line about the variable that is wrong. */
export const tokenOf = (values: SlackVariables): Secret =>
  new Secret({ name: 'GATEHOUSE_SLACK_TOKEN', ...token(values) });

/** Whether the HTTP door accepts the buttons of messages. */
export const takesButtons = (values: SlackVariables): boolean =>
  isGiven({ value: values.GATEHOUSE_SLACK_SIGNING_SECRET, file: values.GATEHOUSE_SLACK_SIGNING_SECRET_FILE });
