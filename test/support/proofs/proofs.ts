/** What a proof is given. Numbers are undefined unless the command line says them. */
export interface Proving {
  /** Tells the reader what happens now. */
  say(text: string): void;
  /** How many actions are sent (`--actions`). */
  actions?: number;
  /** The seed of what is random (`--seed`). */
  seed?: number;
  /** How long it may take (`--seconds`). */
  seconds?: number;
}

export interface Proof {
  /** What holds, in one sentence. */
  says: string;
  /** Returns what was seen, in one line. Throws if it does not hold. */
  play(given: Proving): Promise<string>;
}

/** All proofs, in their order. Each is loaded when it is played. */
export const PROOFS: Record<string, Proof> = {
  prometheus: {
    says: 'Prometheus reads what a worker serves, and the rules fire at Alertmanager.',
    play: async (given) => (await import('./prometheus/prometheus.ts')).prometheus(given),
  },
};
