/** A value as one word for a POSIX shell, because people paste the commands that we print. */
export function shellWord(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@#-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A text within a query to Temporal's visibility. Nothing in it can end the text. */
export const queryText = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
