import { z } from 'zod';

/**
 * Stands in a run for what a step made and the run has no room for: the JSON of it is kept by its hash, outside. What an
 * agent makes up that looks like it is kept outside itself, so that nobody points at what is another run's.
 */
export const Kept = z.object({ kept: z.string().min(1), bytes: z.number().optional() });
export type Kept = z.output<typeof Kept>;

export const keptIn = (output: unknown): Kept | undefined => Kept.safeParse(output).data;

/** What a step made, as agents read it. */
export const madeText = (summary: string | undefined, output: unknown): string =>
  typeof output === 'string'
    ? output
    : output === undefined
      ? (summary ?? '')
      : `${summary ?? ''}\n\n${JSON.stringify(output)}`;
