import { isGiven, Secret } from '../hosted/secrets.ts';
import type { Vendor } from '../vendor.ts';
import { variables, type SlackVariables } from './variables.ts';

/** Slack: one message per wait, with buttons. */
export const slack: Vendor<typeof variables> = {
  variables,
  notifiers: {
    slack: {
      reaches: 'slack',
      lacks: (values) =>
        isGiven(token(values))
          ? undefined
          : 'GATEHOUSE_SLACK_TOKEN: expected a token, because notices are routed to slack',
      async open({ variables: values, configuration, state, log }) {
        const { slackNotifier } = await import('./notifier.ts');
        return slackNotifier({
          ...{ state, log },
          token: new Secret({ name: 'GATEHOUSE_SLACK_TOKEN', ...token(values) }),
          api: values.GATEHOUSE_SLACK_API_URL,
          buttons: takesButtons(values),
          idOf: (person) => configuration().people[person]?.slack,
        });
      },
      async verify({ variables: values }) {
        const secret = new Secret({ name: 'GATEHOUSE_SLACK_TOKEN', ...token(values) });
        return (await import('./calling.ts')).verify(values.GATEHOUSE_SLACK_API_URL, secret);
      },
    },
  },
};

const token = ({ GATEHOUSE_SLACK_TOKEN: value, GATEHOUSE_SLACK_TOKEN_FILE: file }: SlackVariables) => ({ value, file });
const takesButtons = (values: SlackVariables): boolean =>
  isGiven({ value: values.GATEHOUSE_SLACK_SIGNING_SECRET, file: values.GATEHOUSE_SLACK_SIGNING_SECRET_FILE });
