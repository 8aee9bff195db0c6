/** Hints of a kind to a run that come within this time after another one are joined, in milliseconds. */
const JOINED_MS = 2_000;

type Send = (workflowId: string, about: string) => Promise<void>;

/**
 * Sends hints to runs, and joins them: the first of a kind goes at once, and those of the next two seconds become one, so
 * that a storm of checks does not use up the signals of a run.
 */
export class Hints {
  /** The hints of the last two seconds, and whether there was another one since. */
  private readonly recent = new Map<string, { again: boolean; clock: NodeJS.Timeout }>();

  constructor(
    private readonly send: Send,
    private readonly failed: (workflowId: string, failure: Error) => void,
  ) {}

  /** Throws if the hint could not be sent. A joined one is sent later, and its failure is reported. */
  async give(workflowId: string, about: string): Promise<void> {
    const key = `${about} ${workflowId}`;
    const before = this.recent.get(key);
    if (before) {
      before.again = true;
      return;
    }
    this.begin(key, workflowId, about);
    try {
      await this.send(workflowId, about);
    } catch (failure) {
      this.forget(key);
      throw failure;
    }
  }

  /** Sends joined hints now. */
  async close(): Promise<void> {
    const waiting = [...this.recent].filter(([, { again }]) => again).map(([key]) => key);
    for (const key of [...this.recent.keys()]) this.forget(key);
    await Promise.all(
      waiting.map((key) => {
        const [about = '', workflowId = ''] = [key.split(' ', 1)[0], key.slice(key.indexOf(' ') + 1)];
        return this.send(workflowId, about).catch((failure: unknown) => this.failed(workflowId, failure as Error));
      }),
    );
  }

  private begin(key: string, workflowId: string, about: string): void {
    const clock = setTimeout(() => this.over(key, workflowId, about), JOINED_MS);
    clock.unref();
    this.recent.set(key, { again: false, clock });
  }

  private over(key: string, workflowId: string, about: string): void {
    const { again } = this.recent.get(key) ?? {};
    this.forget(key);
    if (!again) return;
    this.begin(key, workflowId, about);
    this.send(workflowId, about).catch((failure: unknown) => this.failed(workflowId, failure as Error));
  }

  private forget(key: string): void {
    clearTimeout(this.recent.get(key)?.clock);
    this.recent.delete(key);
  }
}
