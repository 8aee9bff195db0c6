import { z } from 'zod';

/** The failure type of a question that is for another worker. */
export const HELD_ELSEWHERE = 'HeldElsewhere';

/** Which runner holds what a question is about. A runner is a worker's data folder. */
export const HeldBy = z.object({
  runner: z.string().regex(/^[\w-]{1,64}$/),
  /** A job or an environment by its key, the checks of a change, or its repository by a path that only this runner has. */
  about: z.enum(['key', 'checks', 'repository']),
});
export type HeldBy = z.output<typeof HeldBy>;

/** The task queue of one runner's activities. */
export const queueOf = (runner: string): string => `gatehouse-runner-${runner}`;
