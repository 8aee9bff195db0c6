import type { Vendor } from '../vendor.ts';
import { hasServer, serverOf, variables } from './variables.ts';

/** E-mail through any mail server. */
export const mail: Vendor<typeof variables> = {
  variables,
  notifiers: {
    email: {
      reaches: 'email',
      lacks(values) {
        const expected = 'because notices are routed to email';
        if (!hasServer(values)) return `GATEHOUSE_SMTP_URL: expected an address, ${expected}`;
        if (values.GATEHOUSE_MAIL_FROM === undefined) return `GATEHOUSE_MAIL_FROM: expected an address, ${expected}`;
        return undefined;
      },
      async open({ variables: values, configuration, log }) {
        const { GATEHOUSE_MAIL_FROM: from = '' } = values;
        const server = serverOf(values);
        const addressOf = (person: string) => configuration().people[person]?.email;
        return (await import('./notifier.ts')).mailNotifier({ server, from, addressOf, log });
      },
      async verify({ variables: values }) {
        const server = serverOf(values);
        return (await import('./transport.ts')).verify(server);
      },
    },
  },
};
