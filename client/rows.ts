import type { ReadableRows } from '../activities/adapters/state/reading.ts';
import { textCipher } from '../worker/configuration/encryption.ts';
import { databaseOf } from '../worker/configuration/shared.ts';
import type { ClientConfig } from './config.ts';

/** How long the database may take to open, in milliseconds. After that, lists come from visibility. */
const OPEN_MS = 4_000;

/** The rows of runs, opened at their first use. */
export class ClientRows {
  private opening: Promise<ReadableRows | undefined> | undefined;
  private readonly said = new Set<string>();

  constructor(
    private readonly config: Pick<ClientConfig, 'variables' | 'data' | 'codecKeys'>,
    private readonly say: (line: string) => void,
  ) {}

  /** Undefined if the database cannot be read. Says so once. */
  open(): Promise<ReadableRows | undefined> {
    this.opening ??= this.opened().catch((failure: unknown) => {
      this.tell(`${(failure as Error).message.replace(/\.$/, '')}. Temporal’s visibility is read instead.`);
      return undefined;
    });
    return this.opening;
  }

  /** Runs a question on the rows, or returns undefined if they cannot be read. */
  async ask<T>(question: (rows: ReadableRows) => Promise<T>): Promise<T | undefined> {
    const rows = await this.open();
    return rows && question(rows);
  }

  /** Says something once. */
  tell(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.say(line);
  }

  async close(): Promise<void> {
    await (await this.opening)?.close();
  }

  private async opened(): Promise<ReadableRows> {
    const { variables, data, codecKeys = [] } = this.config;
    const { readRows } = await import('../activities/adapters/state/reading.ts');
    const reading = readRows(databaseOf(variables, data), textCipher(codecKeys));
    let clock: NodeJS.Timeout;
    const late = new Promise<never>((_, reject) => {
      clock = setTimeout(() => reject(new Error('The database does not answer')), OPEN_MS);
    });
    return Promise.race([reading, late]).finally(() => clearTimeout(clock));
  }
}
