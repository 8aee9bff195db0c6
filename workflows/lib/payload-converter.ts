import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow';
import { unreadable } from '../contracts/unreadable.ts';

/**
 * Reads whatever people send. What cannot be decoded would fail the workflow task before any handler is reached, again
 * and again; as a marker it can be refused.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload<T>(payload: Parameters<PayloadConverter['fromPayload']>[0]) {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      const encoding = payload.metadata?.['encoding'];
      return unreadable(encoding ? String.fromCharCode(...encoding) : 'none') as T;
    }
  },
};
