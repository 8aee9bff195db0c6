/** One word for a POSIX shell, whoever has made it up: commands that we tell people are pasted. */
export function shellWord(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@#-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

/** A text within a query to Temporal's visibility: nothing in it ends it, or says more than it. */
export const queryText = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
