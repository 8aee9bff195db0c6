import type { RequestError } from '@agentclientprotocol/sdk';
import type { ConversationOpening, Turn } from '../conversation.ts';
import { notNowIn } from '../not-now.ts';

type Unanswered = Exclude<Turn, { is: 'answered' }>;

/** What ends a conversation before its prompt is answered. */
export class Ended extends Error {
  constructor(readonly turn: Unanswered) {
    super(turn.because);
  }
}

export function unoffered(
  { unoffered: what, names }: { unoffered: 'model' | 'mode'; names: string[] },
  { model, sessionMode }: ConversationOpening,
): Unanswered {
  const shown = names.length === 0 ? 'it offers no choice' : `it offers ${names.slice(0, 20).join(', ')}`;
  if (what === 'mode') return { is: 'failed', because: `It has no mode "${sessionMode}": ${shown}.` };
  const because = `It does not know its model: no model "${model}", ${shown}.`;
  return names.length === 0 ? { is: 'failed', because } : { is: 'notNow', because };
}

/** JSON-RPC errors carry the provider's words in their message, or in their data. People read the message. */
export function turnOfError({ message, data }: RequestError): Unanswered {
  const words = message.slice(0, 2_000);
  const said = turnOf(words);
  if (said.is === 'notNow' || data === undefined) return said;
  const all = turnOf(`${words} ${typeof data === 'string' ? data : JSON.stringify(data)}`.slice(0, 2_000));
  return all.is === 'notNow' || /^internal error$/i.test(words) ? all : said;
}

export function turnOf(words: string): Unanswered {
  const notNow = notNowIn(words);
  return notNow ? { is: 'notNow', ...notNow } : { is: 'failed', because: words };
}

export const withText = (words: string, text: string): string =>
  text.trim() === '' ? `${words}.` : `${words}: ${text.trim().slice(0, 500)}`;
