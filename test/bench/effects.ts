/** An external effect and its time, as reported by the process that caused it. */
export interface Told {
  effect: string;
  at: number;
}

/** Collects the effects of all subjects. A caller must begin to wait for an effect before it is caused. */
export class Effects {
  private readonly waiting = new Map<string, ((at: number) => void)[]>();
  private readonly followers = new Set<(reported: Told) => void>();

  hear(reported: Told): void {
    for (const follow of this.followers) follow(reported);
    const first = this.waiting.get(reported.effect)?.shift();
    first?.(reported.at);
  }

  /** Returns the time of the next effect with this name. Throws if there is none within timeoutMs milliseconds. */
  next(effect: string, timeoutMs = 120_000): Promise<number> {
    const waiting = this.waiting.get(effect) ?? [];
    this.waiting.set(effect, waiting);
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => {
        waiting.splice(waiting.indexOf(heard), 1);
        reject(new Error(`The effect "${effect}" did not happen in ${timeoutMs / 1_000} s.`));
      }, timeoutMs);
      const heard = (at: number) => {
        clearTimeout(clock);
        resolve(at);
      };
      waiting.push(heard);
    });
  }

  /** Passes every effect to the listener, until the returned function is called. */
  follow(listener: (reported: Told) => void): () => void {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  }
}
