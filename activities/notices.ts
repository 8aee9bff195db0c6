import type { Activities } from '../workflows/contracts/activities.ts';
import type { Notice } from '../workflows/contracts/notices.ts';
import type { Notifier, Ports } from './ports.ts';

export const noticeActivities = ({
  notifier,
  texts,
}: { notifier: Notifier } & Pick<Ports, 'texts'>): Pick<Activities, 'notify' | 'keepText' | 'loadText'> => ({
  notify: (message) => notifier.deliver({ key: noticeKey(message), ...message }),
  keepText: (text) => texts.keep(text),
  loadText: async (hash) => (await texts.read(hash)) ?? null,
});

/** Ids are unique within a run. The time tells a later run of the same task apart. */
export const noticeKey = ({ workflowId, notice: { id, at, severity } }: { workflowId: string; notice: Notice }) =>
  `${workflowId}/${id}@${at}/${severity}`;
