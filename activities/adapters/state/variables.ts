import { z } from 'zod';

const URL_EXPECTED = 'an address as postgres://user@host:5432/database';

/** The variables of the database. Each comment is a description in CONFIGURATION.md. */
export const stateVariables = {
  /**
   * The address of a PostgreSQL database for everything that several workers share, and that outlives the history of a
   * run. Default: an SQLite file in the data folder, for workers on one machine.
   */
  GATEHOUSE_DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\/\S+$/, { error: URL_EXPECTED })
    .optional()
    .meta({ secret: true }),
  /** A file with that address, to use instead of `GATEHOUSE_DATABASE_URL`. */
  GATEHOUSE_DATABASE_URL_FILE: z.string().optional(),
};
