import type { Attempt } from '../../ports.ts';

/** A later attempt has the job by now: this one, whose worker stood still or was cut off, leaves it alone. */
export class Superseded extends Error {
  override readonly name = 'Superseded';

  constructor(key: string) {
    super(`A later attempt has ${key}: this one leaves it alone.`);
  }
}

/**
 * Whether one attempt began after another one. Attempts of one activity are counted, all others go by the server's clock.
 */
export const isLater = (one: Attempt, other: Attempt): boolean =>
  one.activity === other.activity ? one.n > other.n : one.at > other.at;
