import type { Activities } from '../workflows/contracts/activities.ts';
import type { Ports } from './ports.ts';

export const noticeActivities = ({
  notifier,
  texts,
}: Pick<Ports, 'notifier' | 'texts'>): Pick<Activities, 'notify' | 'keepText'> => ({
  notify: (message) => notifier.deliver(message),
  keepText: (text) => texts.keep(text),
});
