import type { Vendor } from '../vendor.ts';
import { variables } from './variables.ts';

/** Any web server that accepts notices as posted JSON. */
export const webhook: Vendor<typeof variables> = {
  variables,
  notifiers: {
    webhook: {
      lacks: ({ GATEHOUSE_WEBHOOK_URL: url }) =>
        url === undefined
          ? 'GATEHOUSE_WEBHOOK_URL: expected an address, because GATEHOUSE_NOTIFY names webhook'
          : undefined,
      async open({ variables: { GATEHOUSE_WEBHOOK_URL: url, GATEHOUSE_WEBHOOK_SECRET: secret }, log }) {
        if (url === undefined) throw new Error('The webhook has no address.');
        return (await import('./notifier.ts')).webhookNotifier({ url, secret, log });
      },
    },
  },
};
