import { z } from 'zod';

export const URL_EXPECTED = 'an address as postgres://user@host:5432/database';
export const isDatabaseUrl = (text: string): boolean =>
  /^postgres(?:ql)?:\/\/\S+$/.test(text) && URL.canParse(text) && new URL(text).pathname.length > 1;

/** The variables of the database. Each comment is a description in CONFIGURATION.md. */
export const stateVariables = {
  /**
   * The address of a PostgreSQL database, as `postgres://user:password@host:5432/database`, for what workers share and what
   * outlives the history of a run. Default: an SQLite file in the data folder, which serves the workers of one machine.
   */
  GATEHOUSE_DATABASE_URL: z.string().refine(isDatabaseUrl, { error: URL_EXPECTED }).optional().meta({ secret: true }),
  /** A file with that address, to use instead of `GATEHOUSE_DATABASE_URL`. */
  GATEHOUSE_DATABASE_URL_FILE: z.string().optional(),
};
