import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { Agents, Command, Name } from './agent-settings.ts';
import { parseYaml } from './yaml-file.ts';

export const FILE = '.gatehouse.yml';

/** A common misspelling of the name. Such a file is not read, but reported. */
export const NEAR_MISS = '.gatehouse.yaml';

/** A name of a check at a forge. `*` stands for any characters. */
const CheckName = z.string().min(1).max(255);

/** The settings of a repository. Editors and CONFIGURATION.md show the description of each key. */
export const RepositorySettings = z.strictObject({
  checks: z
    .record(Name, Command)
    .default({})
    .describe(
      'Check commands by name. Each runs once per head in a clean checkout of the change; exit code 0 means success. Default: no checks, and `ci` passes with a notice.',
    ),
  environment: z
    .strictObject({
      start: Command.describe(
        'The command that serves the preview. It must listen on `PORT`, and run until it is stopped.',
      ),
      ready: z
        .string()
        .regex(/^\/[!-~]*$/, { error: 'a path that begins with /' })
        .optional()
        .describe('The path that answers 2xx once the preview is up. Default: `/`, with any status below 500.'),
      expireMinutes: z
        .number()
        .positive()
        .max(100_000)
        .optional()
        .describe('How long a preview may stay up. Default: until it is no longer needed.'),
    })
    .optional()
    .describe('How to run the change for people and testers. Default: `human-test` works without a preview.'),
  agents: Agents.default({}).describe(
    'Agents by role: a command, or an object with `use`, `acp` or `command`. `default` serves all other roles.',
  ),
  release: z
    .strictObject({
      command: Command.describe(
        'The command that prints `{ "signals": [{ "id", "state" }] }` in a checkout of the merge commit. A state is `ok`, `warn`, `alert` or `no_data`.',
      ),
    })
    .optional()
    .describe('How `post-release-health` checks a release.'),
  ci: z
    .strictObject({
      required: z
        .array(CheckName)
        .max(100)
        .default([])
        .describe(
          'Names of checks, with `*` for any characters. Each must have reported on a commit before it is green, besides those that the forge requires. Default: none.',
        ),
      ignore: z
        .array(CheckName)
        .max(100)
        .default([])
        .describe(
          'Names of checks that do not count, with `*` for any characters, except required ones. Default: none.',
        ),
    })
    .optional()
    .describe('Which checks of a hosted forge count.'),
  git: z
    .strictObject({
      lfs: z
        .boolean()
        .optional()
        .describe(
          'Whether checkouts contain the contents of git-lfs files (`true`) or their pointers (`false`). Required if any file has the filter `lfs`.',
        ),
      submodules: z
        .boolean()
        .optional()
        .describe(
          'Whether checkouts contain the submodules that are on the same host. Repositories on disk have none. Default: false.',
        ),
    })
    .optional()
    .describe('Options for checkouts of the repository.'),
});
export type RepositorySettings = z.output<typeof RepositorySettings>;

/** Keys that are documented, and that only later versions read. */
const LATER =
  /^(?:ci\.reruns|ci\.deterministic|container|commands|environment\.(?:compose|service|port|kubernetes|http)|agents\..+\.pool)$/;

/** Parses the text of the file. Errors name the path of the bad key. */
export function parseSettings(text: string): { settings: RepositorySettings } | { fields: BadField[] } {
  const read = parseYaml(text, { schema: RepositorySettings, later: LATER });
  if ('data' in read) return { settings: read.data };
  return { fields: read.faults.map(({ path, expected }) => ({ path: path ? `${FILE}:${path}` : FILE, expected })) };
}
