import path from 'node:path';

/**
 * A file's name as git has it: bytes, one character each. Git and Linux take any bytes for a name, and as UTF-8 two names
 * could become one, or one that is nowhere.
 */
export type Name = string;

export const nameOf = (text: string): Name => Buffer.from(text).toString('latin1');

/** A name as people read it: what is not UTF-8 in it is shown as U+FFFD. */
export const shownName = (name: Name): string => Buffer.from(name, 'latin1').toString('utf8');

/** Where a file of this folder lies. */
export const placeIn = (folder: string, name: Name): Buffer =>
  Buffer.concat([Buffer.from(`${folder}${path.sep}`), Buffer.from(name, 'latin1')]);
