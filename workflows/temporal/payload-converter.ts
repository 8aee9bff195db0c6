import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';
import { isUnreadable, ENCRYPTED, unreadable } from '../contracts/unreadable.ts';

type Payload = Parameters<PayloadConverter['fromPayload']>[0];

/**
 * Decodes whatever people send. A payload that cannot be decoded becomes a marker, which handlers refuse. Throwing here
 * would fail the workflow task again and again, before any handler runs.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload) {
    refuseEncrypted(payload);
    if (isTooDeep(payload)) return `JSON that is nested more than ${DEEPEST} deep` as T;
    try {
      const value = defaultPayloadConverter.fromPayload<T>(payload);
      // Anybody can write JSON that looks like the marker. It is replaced by text.
      return isUnreadable(value) ? ('JSON that was made to look unreadable' as T) : value;
    } catch {
      return unreadable(metadataOf(payload, 'encoding') ?? 'none') as T;
    }
  },
};

/**
 * The deepest value that is read. Our own values are less than half as deep, and recursion over them must not overflow the
 * stack.
 */
const DEEPEST = 500;

/** Whether a value is nested too deep to be decoded. */
function isTooDeep({ data }: Payload): boolean {
  if (!data || data.length <= DEEPEST) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < data.length; at += 1) {
    const byte = data[at];
    if (quoted && byte === BYTE.backslash) at += 1;
    else if (byte === BYTE.quote) quoted = !quoted;
    else if (quoted) continue;
    else if (byte === BYTE.bracket || byte === BYTE.brace) depth += 1;
    else if (byte === BYTE.endBracket || byte === BYTE.endBrace) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

const BYTE = { quote: 0x22, backslash: 0x5c, bracket: 0x5b, endBracket: 0x5d, brace: 0x7b, endBrace: 0x7d };

/**
 * Throws when this worker lacks the key of an encrypted payload. Refusing a signal instead could not be replayed once the
 * key is there, so the workflow task waits for it. An update leaves no trace, and fails with this message.
 */
function refuseEncrypted(payload: Payload): void {
  const key = metadataOf(payload, 'encryption-key-id');
  if (key === undefined || metadataOf(payload, 'encoding') !== ENCRYPTED) return;
  throw new Error(`This is encrypted with the key ${key}, which the worker lacks: add it to its GATEHOUSE_CODEC_KEYS.`);
}

function metadataOf({ metadata }: Payload, name: string): string | undefined {
  const value = metadata?.[name];
  return value && String.fromCharCode(...value);
}
