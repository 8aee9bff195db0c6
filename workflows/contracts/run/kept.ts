import { z } from 'zod';

/**
 * Replaces an output that a run has no room for: its JSON is stored outside, by its hash. An agent's output that looks like
 * this is stored outside too, so that no agent can refer to another run's output.
 */
export const Kept = z.object({ kept: z.string().min(1), bytes: z.number().optional() });
export type Kept = z.output<typeof Kept>;

export const keptIn = (output: unknown): Kept | undefined => Kept.safeParse(output).data;

/** An output as agents read it. */
export const madeText = (summary: string | undefined, output: unknown): string =>
  typeof output === 'string'
    ? output
    : output === undefined
      ? (summary ?? '')
      : `${summary ?? ''}\n\n${JSON.stringify(output)}`;
