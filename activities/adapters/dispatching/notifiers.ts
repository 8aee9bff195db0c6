import type { NoticeType } from '../../../workflows/contracts/notices.ts';
import type { Notifier } from '../../ports.ts';
import type { Opening } from '../vendor.ts';
import { outbox, type Outgoing } from './outbox.ts';

/** An open notifier, and the types of notices that it gets. Without types, it gets all. */
export interface OpenNotifier {
  name: string;
  notifier: Notifier;
  types?: readonly NoticeType[] | undefined;
}

/**
 * Sends a notice to every notifier to which it is routed. Each has its own outbox, so one that is down does not delay the
 * others.
 */
export function routedNotifier(
  notifiers: readonly OpenNotifier[],
  { state, log, ledger }: Pick<Opening, 'state' | 'log' | 'ledger'>,
): Outgoing {
  const opened = notifiers.map(({ name, notifier, types }) => ({
    types,
    box: outbox(notifier, { name, state, log, ledger }),
  }));
  const isFor = (types: readonly NoticeType[] | undefined, type: NoticeType) =>
    types === undefined || types.includes(type);
  return {
    async deliver(message) {
      const reported = opened.filter(({ types }) => isFor(types, message.notice.type));
      await Promise.all(reported.map(({ box }) => box.deliver(message)));
    },
    async list() {
      const lists = await Promise.all(opened.map(({ box }) => box.list()));
      const reported: Record<string, string> = {};
      for (const [id, at] of lists.flatMap((each) => Object.entries(each.told))) {
        if ((reported[id] ?? '') < at) reported[id] = at;
      }
      return { kept: lists.flatMap(({ kept }) => kept), told: reported };
    },
    async retell() {
      await Promise.all(opened.map(({ box }) => box.retell()));
    },
    async close() {
      await Promise.all(opened.map(({ box }) => box.close()));
    },
  };
}
