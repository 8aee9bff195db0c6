const KEY = '__gatehouse_unreadable__';

/** The encoding of payloads that our codec has encrypted; the key's id is in their metadata. */
export const ENCRYPTED = 'binary/encrypted';

/**
 * Stands for a payload that could not be decoded. Handlers of signals and updates refuse it; everything else throws on
 * it, so that a worker which lacks a codec stalls mendably instead of failing runs (contract 4).
 */
export const unreadable = (encoding: string) => ({ [KEY]: encoding });

export const isUnreadable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, KEY);
