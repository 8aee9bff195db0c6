import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';
import { SEALED, unreadable } from '../contracts/unreadable.ts';

type Payload = Parameters<PayloadConverter['fromPayload']>[0];

/**
 * Reads whatever people send. What cannot be decoded would fail the workflow task before any handler is reached, again
 * and again; as a marker it can be refused.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Payload) {
    refuseSealed(payload);
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      return unreadable(metadataOf(payload, 'encoding') ?? 'none') as T;
    }
  },
};

/**
 * What is sealed with a key of ours that this worker lacks is not refused but waited for, signals included: once the key
 * is there it would be taken, and a run that had refused it could not be replayed. An update leaves no trace, and is
 * turned away with this message.
 */
function refuseSealed(payload: Payload): void {
  const key = metadataOf(payload, 'encryption-key-id');
  if (key === undefined || metadataOf(payload, 'encoding') !== SEALED) return;
  throw new Error(`This is encrypted with the key ${key}, which the worker lacks: add it to its GATEHOUSE_CODEC_KEYS.`);
}

function metadataOf({ metadata }: Payload, name: string): string | undefined {
  const value = metadata?.[name];
  return value && String.fromCharCode(...value);
}
