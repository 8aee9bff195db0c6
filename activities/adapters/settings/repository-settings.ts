import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { badFields } from '../../../workflows/contracts/bad-fields.ts';

export const FILE = '.gatehouse.yml';

/** A common misspelling of the name. Such a file is not read, but reported. */
export const NEAR_MISS = '.gatehouse.yaml';

/** The maximum number of characters. It is more than any settings need, and quick to parse. */
const MOST = 100_000;

const Command = z
  .string()
  .trim()
  .min(1)
  .max(10_000)
  .refine((text) => !text.includes('\0'), { error: 'expected a command without a NUL character' });
const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, { error: 'a name of letters, digits, ".", "_", "-"' });

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
  /** Agent commands by role. `default` serves all other roles. */
  agents: z.record(Name, Command).default({}),
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

/** The agent of a role, or the one for all other roles. Undefined if there is neither. */
export const agentFor = ({ agents }: RepositorySettings, role: string): string | undefined =>
  Object.hasOwn(agents, role) ? agents[role] : agents['default'];

/** Parses the text of the file. Errors name the path of the bad key. */
export function parseSettings(text: string): { settings: RepositorySettings } | { fields: BadField[] } {
  if (text.length > MOST) return { fields: [{ path: FILE, expected: `expected at most ${MOST} characters` }] };
  const lines = text.replace(/\r\n?/g, '\n'); // YAML allows three kinds of line breaks, and the library only two
  const document = parseDocument(lines, { uniqueKeys: true, merge: true });
  const [broken] = document.errors;
  if (broken?.code === 'MULTIPLE_DOCS') {
    return { fields: [{ path: FILE, expected: 'expected one YAML document, found more than one' }] };
  }
  if (broken) return { fields: [{ path: FILE, expected: `expected YAML: ${broken.message.split('\n', 1)[0]!}` }] };

  const raw = plainOf(document) ?? {};
  const lost = namesLost(raw);
  if (lost) return { fields: [{ path: `${FILE}:${lost}`, expected: 'expected another name' }] };
  const { data, error } = RepositorySettings.safeParse(raw);
  if (data) return { settings: data };
  const fields = badFields(error, raw);
  return {
    fields: fields.map(({ path, expected }) => ({ path: path === 'input' ? FILE : `${FILE}:${path}`, expected })),
  };
}

/** Returns the path of a key that the schemas would drop silently, if there is one. */
function namesLost(raw: unknown, path = ''): string | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (Object.hasOwn(raw, '__proto__')) return `${path}__proto__`;
  for (const [key, value] of Object.entries(raw)) {
    const lost = namesLost(value, `${path}${key}.`);
    if (lost) return lost;
  }
  return undefined;
}

/** Converts the document with a limit on aliases, because a few lines of them can expand to gigabytes. */
function plainOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch {
    return 'too many aliases';
  }
}
