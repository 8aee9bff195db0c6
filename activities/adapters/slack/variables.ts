import { z } from 'zod';

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
