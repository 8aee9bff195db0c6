import type { Notifier } from '../../ports.ts';
import { letterOf } from './letter.ts';
import { because, transportTo } from './transport.ts';

export interface Mail {
  /** The mail server's address, which may contain a password. */
  server: string;
  from: string;
  /** The address of a person. Undefined: they have none any more. */
  addressOf(person: string): string | undefined;
  log: (fields: object, message: string) => void;
}

/**
 * Sends each notice as an e-mail of its own. Repeats have the same `Message-ID`, by which mail programs show one of them: a
 * mail server that is lost after it has the text may have sent it.
 */
export function mailNotifier({ server, from, addressOf, log }: Mail): Notifier {
  const transport = transportTo(server);
  return {
    async deliver(message, signal) {
      const { key, to } = message;
      const address = to?.person === undefined ? undefined : addressOf(to.person);
      if (address === undefined)
        return log({ delivery: key }, 'a notice has no e-mail address any more: it is dropped');
      const letter = letterOf(message, from);
      const envelope = { from, to: [address] };
      const sending = transport.sendMail({ from, to: { name: '', address }, envelope, ...letter });
      try {
        await within(sending, signal);
      } catch (failure) {
        if (!isFinal(failure)) throw new Error(`${because(failure)}.`);
        log({ delivery: key, because: because(failure) }, 'the mail server refuses a notice for good: it is dropped');
      }
    },
    close: async () => transport.close(),
  };
}

/** A refusal of this recipient or this text. One to the sign-in or the sender concerns all, and people can mend it. */
function isFinal(failure: unknown): boolean {
  const { responseCode = 0, command = '' } = failure as { responseCode?: number; command?: string };
  return responseCode >= 500 && /^(?:RCPT|DATA)/.test(command);
}

async function within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  let off = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    off = () => reject(signal.reason as Error);
    signal.addEventListener('abort', off);
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', off));
}
