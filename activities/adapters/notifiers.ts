import type { NoticeType } from '../../workflows/contracts/notices.ts';
import type { Route } from '../../workflows/contracts/variables.ts';
import type { Ledger } from '../ledger.ts';
import type { Notifier } from '../ports.ts';
import { fileNotifier } from './local/notices/file-notifier.ts';
import { logNotifier } from './local/notices/log-notifier.ts';
import { outbox, type Outgoing } from './outbox.ts';
import { webhookNotifier } from './webhook/notifier.ts';

export interface NotifierOptions {
  root: string;
  noticesFile?: string | undefined;
  webhook?: { url?: string | undefined; secret?: string | undefined } | undefined;
  log: (fields: object, message: string) => void;
  firstPauseMs?: number | undefined;
  ledger?: Ledger | undefined;
}

/** Tells every notifier that a notice is routed to. Each has an outbox of its own: one that is down holds up no other. */
export function routedNotifier(routes: readonly Route[], options: NotifierOptions): Outgoing {
  const { root, log, firstPauseMs, ledger } = options;
  const opened = routes.map(({ adapter, types }) => ({
    types,
    box: outbox(notifierOf(adapter, options), { name: adapter, root, log, firstPauseMs, ledger }),
  }));
  const isFor = (types: readonly NoticeType[] | undefined, type: NoticeType) =>
    types === undefined || types.includes(type);
  return {
    async deliver(message) {
      const told = opened.filter(({ types }) => isFor(types, message.notice.type));
      await Promise.all(told.map(({ box }) => box.deliver(message)));
    },
    async list() {
      const lists = await Promise.all(opened.map(({ box }) => box.list()));
      const told: Record<string, string> = {};
      for (const [id, at] of lists.flatMap((each) => Object.entries(each.told))) {
        if ((told[id] ?? '') < at) told[id] = at;
      }
      return { kept: lists.flatMap(({ kept }) => kept), told };
    },
    async retell() {
      await Promise.all(opened.map(({ box }) => box.retell()));
    },
    async close() {
      await Promise.all(opened.map(({ box }) => box.close()));
    },
  };
}

function notifierOf(adapter: Route['adapter'], { root, noticesFile, webhook, log }: NotifierOptions): Notifier {
  switch (adapter) {
    case 'log':
      return logNotifier(log);
    case 'file':
      return fileNotifier({ root, notices: noticesFile });
    case 'webhook':
      if (webhook?.url === undefined) throw new Error('The webhook has no address.');
      return webhookNotifier({ url: webhook.url, secret: webhook.secret, log });
  }
}
