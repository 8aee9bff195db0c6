import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { Agents, Command, Name } from './agent-settings.ts';
import { parseYaml } from './yaml-file.ts';

export const FILE = '.gatehouse.yml';

/** A common misspelling of the name. Such a file is not read, but reported. */
export const NEAR_MISS = '.gatehouse.yaml';

/** The settings of a repository. The comment above a key is its description in CONFIGURATION.md. */
export const RepositorySettings = z.strictObject({
  /**
   * Check commands by name. Each runs once per head in a clean checkout of the change; exit code 0 means success.
   * Default: no checks, and `ci` passes with a notice.
   */
  checks: z.record(Name, Command).default({}),
  /** How to run the change for people and testers. Default: `human-test` works without a preview. */
  environment: z
    .strictObject({
      /** The command that serves the preview. It must listen on `PORT`, and run until it is stopped. */
      start: Command,
      /** The path that answers 2xx once the preview is up. Default: `/`, with any status below 500. */
      ready: z
        .string()
        .regex(/^\/[!-~]*$/, { error: 'a path that begins with /' })
        .optional(),
      /** How long a preview may stay up. Default: until it is no longer needed. */
      expireMinutes: z.number().positive().max(100_000).optional(),
    })
    .optional(),
  /** Agents by role: a command, or an object as below. `default` serves all other roles. */
  agents: Agents.default({}),
  /** How `post-release-health` checks a release. */
  release: z
    .strictObject({
      /**
       * The command that prints `{ "signals": [{ "id", "state" }] }` in a checkout of the merge commit. A state is
       * `ok`, `warn`, `alert` or `no_data`.
       */
      command: Command,
    })
    .optional(),
  /** Options for checkouts of the repository. */
  git: z
    .strictObject({
      /**
       * Whether checkouts contain the contents of git-lfs files (`true`) or their pointers (`false`). Required if any
       * file has the filter `lfs`.
       */
      lfs: z.boolean().optional(),
    })
    .optional(),
});
export type RepositorySettings = z.output<typeof RepositorySettings>;

/** Keys that are documented, and that only later versions read. */
const LATER =
  /^(?:ci|container|commands|environment\.(?:compose|service|port|kubernetes|http)|git\.submodules|agents\..+\.pool)$/;

/** Parses the text of the file. Errors name the path of the bad key. */
export function parseSettings(text: string): { settings: RepositorySettings } | { fields: BadField[] } {
  const read = parseYaml(text, { schema: RepositorySettings, later: LATER });
  if ('data' in read) return { settings: read.data };
  return { fields: read.faults.map(({ path, expected }) => ({ path: path ? `${FILE}:${path}` : FILE, expected })) };
}
