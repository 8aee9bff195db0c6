import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';
import { isUnreadable, ENCRYPTED, unreadable } from '../contracts/unreadable.ts';

type Payload = Parameters<PayloadConverter['fromPayload']>[0];

/**
 * Reads whatever people send. What cannot be decoded would fail the workflow task before any handler is reached, again
 * and again; as a marker it can be refused.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload) {
    refuseEncrypted(payload);
    if (isTooDeep(payload)) return `JSON that is nested more than ${DEEPEST} deep` as T;
    try {
      const value = defaultPayloadConverter.fromPayload<T>(payload);
      // What looks like the marker, and came as JSON, is only what somebody wrote.
      return isUnreadable(value) ? ('JSON that was made to look unreadable' as T) : value;
    } catch {
      return unreadable(metadataOf(payload, 'encoding') ?? 'none') as T;
    }
  },
};

/** Nothing of ours is half as deep; what is read, judged and logged by recursion must have a bottom. */
const DEEPEST = 500;

/** Told without reading it: so deep a value is text that says so, which fits no schema and is refused by name. */
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
 * What is sealed with a key of ours that this worker lacks is not refused but waited for, signals included: once the key
 * is there it would be taken, and a run that had refused it could not be replayed. An update leaves no trace, and is
 * turned away with this message.
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
