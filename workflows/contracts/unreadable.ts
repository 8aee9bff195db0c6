const KEY = '__gatehouse_unreadable__';

/** The encoding of payloads that our codec has encrypted; the key's id is in their metadata. */
export const ENCRYPTED = 'binary/encrypted';

/**
 * Replaces a payload that could not be decoded. Handlers of signals and updates refuse it. Everything else throws on it, so
 * that a worker without the codec stalls, which can be fixed, instead of failing runs.
 */
export const unreadable = (encoding: string) => ({ [KEY]: encoding });

export const isUnreadable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, KEY);
