/**
 * What another program printed, read without trust: a missing or unexpected field is undefined, an empty list, or empty
 * fields.
 */
export class Fields {
  constructor(private readonly value: unknown) {}

  /** A line as JSON. Undefined if it is no object. */
  static of(line: string): Fields | undefined {
    if (!line.startsWith('{')) return undefined;
    try {
      return new Fields(JSON.parse(line));
    } catch {
      return undefined;
    }
  }

  raw(name: string): unknown {
    return typeof this.value === 'object' && this.value !== null && Object.hasOwn(this.value, name)
      ? (this.value as Record<string, unknown>)[name]
      : undefined;
  }

  at(name: string): Fields {
    return new Fields(this.raw(name));
  }

  text(name: string): string | undefined {
    const value = this.raw(name);
    return typeof value === 'string' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  list(name: string): Fields[] {
    const value = this.raw(name);
    return Array.isArray(value) ? value.map((each) => new Fields(each)) : [];
  }

  /** The first of these fields that is a text. */
  first(...names: string[]): string {
    return names.map((name) => this.text(name)).find((text) => text !== undefined) ?? '';
  }
}
