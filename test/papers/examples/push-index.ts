import type { Vendor } from '../../../activities/adapters/vendor.ts';
import { variables } from './push-variables.ts';

/** A service that shows what is posted on a phone. */
export const push: Vendor<typeof variables> = {
  variables,
  notifiers: {
    push: {
      lacks: ({ GATEHOUSE_PUSH_URL: url }) => (url ? undefined : 'GATEHOUSE_PUSH_URL: expected an address'),
      open: async ({ variables: { GATEHOUSE_PUSH_URL: url = '' } }) =>
        (await import('./push-notifier.ts')).pushNotifier(url),
    },
  },
};
