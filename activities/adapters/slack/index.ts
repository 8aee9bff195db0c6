import type { Vendor } from '../vendor.ts';
import { hasToken, takesButtons, tokenOf, variables } from './variables.ts';

/** Slack: one message per wait, with buttons. */
export const slack: Vendor<typeof variables> = {
  variables,
  notifiers: {
    slack: {
      reaches: 'slack',
      lacks: (values) =>
        hasToken(values) ? undefined : 'GATEHOUSE_SLACK_TOKEN: expected a token, because notices are routed to slack',
      async open({ variables: values, configuration, state, log }) {
        const { slackNotifier } = await import('./notifier.ts');
        return slackNotifier({
          ...{ state, log },
          token: tokenOf(values),
          api: values.GATEHOUSE_SLACK_API_URL,
          buttons: takesButtons(values),
          idOf: (person) => configuration().people[person]?.slack,
        });
      },
      async verify({ variables: values }) {
        return (await import('./calling.ts')).verify(values.GATEHOUSE_SLACK_API_URL, tokenOf(values));
      },
    },
  },
};
