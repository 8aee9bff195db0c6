/** An effect in the world, as the process that had it says: what it was, and when. */
export interface Told {
  effect: string;
  at: number;
}

/** Where the effects of all subjects are heard of. Who waits for one must wait before it is caused. */
export class Effects {
  private readonly waiting = new Map<string, ((at: number) => void)[]>();
  private readonly followers = new Set<(told: Told) => void>();

  hear(told: Told): void {
    for (const follow of this.followers) follow(told);
    const first = this.waiting.get(told.effect)?.shift();
    first?.(told.at);
  }

  /** When the next effect of this name happens. Throws when it does not within `patience` milliseconds. */
  next(effect: string, patience = 120_000): Promise<number> {
    const waiting = this.waiting.get(effect) ?? [];
    this.waiting.set(effect, waiting);
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => {
        waiting.splice(waiting.indexOf(heard), 1);
        reject(new Error(`Nothing was heard of "${effect}" in ${patience / 1_000} s.`));
      }, patience);
      const heard = (at: number) => {
        clearTimeout(clock);
        resolve(at);
      };
      waiting.push(heard);
    });
  }

  /** Every effect from now on, until the answer is called. */
  follow(listener: (told: Told) => void): () => void {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  }
}
