/** Bounds of the cache: answers, and characters of all answers together. */
const MOST = { answers: 1_000, characters: 16_000_000 };

/** An answer that is given again when the forge says that nothing has changed. */
export class Known {
  constructor(
    readonly etag: string,
    private readonly headers: Headers,
    readonly text: string,
  ) {}

  /** The answer as it was, with the present rate limit. */
  again(now: Headers): Response {
    const headers = new Headers(this.headers);
    for (const [name, value] of now) if (name.startsWith('x-ratelimit-') || name === 'date') headers.set(name, value);
    return new Response(this.text, { status: 200, headers });
  }
}

/** Answers by what was asked, with their ETags. The one that was used least recently goes first. */
export class EtagCache {
  private readonly answers = new Map<string, Known>();
  private characters = 0;

  get(key: string): Known | undefined {
    const known = this.answers.get(key);
    if (!known) return undefined;
    this.answers.delete(key);
    this.answers.set(key, known);
    return known;
  }

  keep(key: string, from: Headers, text: string): void {
    this.remove(key);
    const etag = from.get('etag');
    if (etag === null || text.length > MOST.characters / 8) return;
    const headers = new Headers();
    for (const name of ['content-type', 'link', 'x-total-count']) {
      const value = from.get(name);
      if (value !== null) headers.set(name, value);
    }
    this.answers.set(key, new Known(etag, headers, text));
    this.characters += text.length;
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= MOST.answers && this.characters <= MOST.characters) break;
      this.remove(oldest);
    }
  }

  private remove(key: string): void {
    this.characters -= this.answers.get(key)?.text.length ?? 0;
    this.answers.delete(key);
  }
}
