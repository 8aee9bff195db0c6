import type { NoticeInventory } from '../../../activities/inventory.ts';
import type { Ledger } from '../../../activities/ledger.ts';
import type { Message, Notifier } from '../../../activities/ports.ts';

/** A fake notifier that records each message once per key, and can be down. */
export class InMemoryNotifier implements Notifier, NoticeInventory {
  readonly told = new Map<string, Message>();
  down = false;

  constructor(private readonly ledger?: Ledger) {}

  async deliver(message: Message): Promise<void> {
    if (this.down) throw new Error('This notifier is down.');
    if (this.told.has(message.key)) return;
    this.told.set(message.key, structuredClone(message));
    this.ledger?.note({ effect: 'notice-delivered', key: message.key });
  }

  /** Keeps no undelivered messages: what it refuses is lost. */
  async list() {
    const reported: Record<string, string> = {};
    for (const { workflowId, notice } of this.told.values()) {
      if ((reported[workflowId] ?? '') < notice.at) reported[workflowId] = notice.at;
    }
    return { kept: [], told: reported };
  }

  retell = async (): Promise<void> => undefined;
}
