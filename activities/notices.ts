import type { Activities } from '../workflows/contracts/activities.ts';
import type { Notice } from '../workflows/contracts/notices.ts';
import type { Ports } from './ports.ts';

export const noticeActivities = ({
  notifier,
  texts,
}: Pick<Ports, 'notifier' | 'texts'>): Pick<Activities, 'notify' | 'keepText'> => ({
  notify: (message) => notifier.deliver({ key: keyOf(message), ...message }),
  keepText: (text) => texts.keep(text),
});

/** Ids are unique within a run: a later run of the same task is told from it by the time. */
const keyOf = ({ workflowId, notice: { id, at, severity } }: { workflowId: string; notice: Notice }) =>
  `${workflowId}/${id}@${at}/${severity}`;
