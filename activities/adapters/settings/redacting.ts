import { SHORTEST_SECRET } from './agent-settings.ts';

/** A line of a secret with several lines counts by itself from this length, in characters. */
const SHORTEST_LINE = 16;

interface Pattern {
  name: string;
  text: string;
}

/** Replaces the values of secrets by `[secret NAME]`, also where line breaks were put into them. */
export class Redactor {
  private readonly byFirst = new Map<string, Pattern[]>();
  private readonly first: RegExp | undefined;

  /** `secrets`: values by name. */
  constructor(secrets: Readonly<Record<string, string>>) {
    const patterns = Object.entries(secrets).flatMap(([name, value]) => formsOf(value).map((text) => ({ name, text })));
    for (const pattern of patterns.toSorted((a, b) => b.text.length - a.text.length)) {
      const first = pattern.text.charAt(0);
      this.byFirst.set(first, [...(this.byFirst.get(first) ?? []), pattern]);
    }
    const firsts = [...this.byFirst.keys()].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
    this.first = firsts.length > 0 ? new RegExp(`[${firsts.join('')}]`, 'g') : undefined;
  }

  /** A complete text without secrets. */
  text(text: string): string {
    return this.replaced(text).done;
  }

  /** A value whose texts and keys, at any depth, contain no secrets. */
  within<Of>(value: Of): Of;
  within(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((each) => this.within<unknown>(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [this.text(key), this.within<unknown>(each)]));
  }

  /** Redacts a text that comes in chunks. */
  stream(): RedactedStream {
    let held = '';
    return {
      push: (chunk) => {
        const { done, rest } = this.replaced(held + chunk, { more: true });
        held = rest;
        return done;
      },
      end: () => {
        const { done } = this.replaced(held, { cut: true });
        held = '';
        return done;
      },
    };
  }

  /**
   * `more`: the text continues, so what may be the beginning of a secret is the `rest`. `cut`: the text ends here although it
   * may have been meant to continue, so most of a secret at its end counts as the secret.
   */
  private replaced(text: string, { more = false, cut = false } = {}): { done: string; rest: string } {
    if (!this.first) return { done: text, rest: '' };
    let [done, copied] = ['', 0];
    this.first.lastIndex = 0;
    for (let found = this.first.exec(text); found; found = this.first.exec(text)) {
      const at = found.index;
      const { whole, partial } = this.matchAt(text, at);
      if (partial && more) return { done: done + text.slice(copied, at), rest: text.slice(at) };
      const match =
        whole ?? (cut && partial && partial.matched * 2 >= partial.pattern.text.length ? partial : undefined);
      if (!match) continue;
      done += `${text.slice(copied, at)}[secret ${match.pattern.name}]`;
      copied = match.end;
      this.first.lastIndex = copied;
    }
    return { done: done + text.slice(copied), rest: '' };
  }

  /** The longest secret that begins here, and a longer one within which the text ends. */
  private matchAt(text: string, at: number): { whole?: Match; partial?: Match } {
    let partial: Match | undefined;
    for (const pattern of this.byFirst.get(text.charAt(at)) ?? []) {
      const match = matched(pattern, text, at);
      if (match?.matched === pattern.text.length) return { whole: match, ...(partial && { partial }) };
      partial ??= match;
    }
    return partial ? { partial } : {};
  }
}

export interface RedactedStream {
  /** The part of the text so far that is certain. */
  push(chunk: string): string;
  end(): string;
}

interface Match {
  pattern: Pattern;
  /** The number of characters of the secret that were found. */
  matched: number;
  end: number;
}

function matched(pattern: Pattern, text: string, at: number): Match | undefined {
  let position = at;
  for (let index = 0; index < pattern.text.length; index += 1) {
    if (index > 0 && pattern.text[index] !== text[position]) position = afterBreak(text, position);
    if (position >= text.length) return { pattern, matched: index, end: position };
    if (pattern.text[index] !== text[position]) return undefined;
    position += 1;
  }
  return { pattern, matched: pattern.text.length, end: position };
}

/** The longest line break with indentation that is expected within a secret, in characters. */
const BREAK = 200;

/** Behind a line break and the indentation of the next line. */
function afterBreak(text: string, position: number): number {
  let next = position;
  while (next - position < BREAK && (text[next] === '\r' || text[next] === '\n')) next += 1;
  if (next === position) return position;
  while (next - position < BREAK && (text[next] === ' ' || text[next] === '\t')) next += 1;
  return next;
}

/** A secret as it is, and as it looks in JSON and in URLs. */
function formsOf(value: string): string[] {
  const trimmed = value.trim();
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  const forms = [trimmed, JSON.stringify(trimmed).slice(1, -1), encoded(trimmed)];
  const long = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [];
  return [...new Set([...forms, ...long])].filter((form) => form.length >= SHORTEST_SECRET);
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text; // lone surrogates
  }
}
