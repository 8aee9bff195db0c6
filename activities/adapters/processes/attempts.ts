import type { Attempt } from '../../ports.ts';

/** A later attempt owns the job. This attempt, whose worker was frozen or cut off, must leave it alone. */
export class Superseded extends Error {
  override readonly name = 'Superseded';

  constructor(key: string) {
    super(`A later attempt owns ${key}: this one leaves it alone.`);
  }
}

/**
 * Whether one attempt began after another. Attempts of one activity are compared by number, others by the server's clock.
 */
export const isLater = (one: Attempt, other: Attempt): boolean =>
  one.activity === other.activity ? one.n > other.n : one.at > other.at;
