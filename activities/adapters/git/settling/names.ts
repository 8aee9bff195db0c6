import path from 'node:path';

/**
 * A file's name as git has it: bytes, one per character. Git and Linux allow any bytes in a name. If they were decoded as
 * UTF-8, two names could become equal, or a name could become one that does not exist.
 */
export type Name = string;

export const nameOf = (text: string): Name => Buffer.from(text).toString('latin1');

/** A name as people read it. Bytes that are not UTF-8 become U+FFFD. */
export const shownName = (name: Name): string => Buffer.from(name, 'latin1').toString('utf8');

/** The path of a file in this folder. */
export const placeIn = (folder: string, name: Name): Buffer =>
  Buffer.concat([Buffer.from(`${folder}${path.sep}`), Buffer.from(name, 'latin1')]);
