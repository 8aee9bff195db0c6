import type { Trouble } from './troubles.ts';

/** A line of OpenCode's log (logfmt): why it tries again. Errors of the small model, which makes titles, do not matter. */
export function troubleOfOpenCode(line: string): Trouble | undefined {
  const words = /\bmessage="stream error".*\berror\.error="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  if (words === undefined || /\bsmall=true\b/.test(line)) return undefined;
  return { words: words.replace(/\\(.)/g, '$1').replace(/^AI_\w+: /, '') };
}

/** "Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {…}", then Gemini waits. */
export const troubleOfGemini = (line: string): Trouble | undefined =>
  /^Attempt \d+ failed/.test(line) ? { words: line } : undefined;

/** Lines of OpenCode's log that are no complaints. */
export const isChatter = (line: string): boolean => /^timestamp=\S+ +level=(?:DEBUG|INFO) /.test(line);
