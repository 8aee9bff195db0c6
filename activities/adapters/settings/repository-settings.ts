import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { badFields } from '../../../workflows/contracts/bad-fields.ts';

export const FILE = '.gatehouse.yml';

/** A common misspelling of the name. Such a file is not read, but reported. */
export const NEAR_MISS = '.gatehouse.yaml';

/** The limit of the file's size, in characters: more than any settings need, and quick to parse. */
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
   * Commands by name. Each runs once per head in a clean checkout of the change; exit code 0 is success. Without checks,
   * `ci` passes with a notice.
   */
  checks: z.record(Name, Command).default({}),
  /** How to run the change for people and testers. Without it, `human-test` works without a preview. */
  environment: z
    .strictObject({
      /** The command that serves the preview. It listens on `PORT` and runs until it is ended. */
      start: Command,
      /** The path that answers 2xx once the preview is up. Default: any answer below 500 to `/`. */
      ready: z
        .string()
        .regex(/^\/[!-~]*$/, { error: 'a path that begins with /' })
        .optional(),
      /** How long a preview may stay up. Default: until it is no longer needed. */
      expireMinutes: z.number().positive().max(100_000).optional(),
    })
    .optional(),
  /** Agent commands by role. `default` is for all roles without a command. */
  agents: z.record(Name, Command).default({}),
  /** How to tell whether a release is healthy, for `post-release-health`. */
  release: z
    .strictObject({
      /**
       * The command that prints `{ "signals": [{ "id", "state" }] }` in a checkout of the merge commit. A state is
       * `ok`, `warn`, `alert` or `no_data`.
       */
      command: Command,
    })
    .optional(),
  /** How to check the repository out. */
  git: z
    .strictObject({
      /**
       * Whether checkouts have the contents of git-lfs files (`true`) or their pointers (`false`). Required if files
       * have the filter `lfs`.
       */
      lfs: z.boolean().optional(),
    })
    .optional(),
});
export type RepositorySettings = z.output<typeof RepositorySettings>;

/** Parses the file's text. Problems are reported by their path in the file. */
export function parseSettings(text: string): { settings: RepositorySettings } | { fields: BadField[] } {
  if (text.length > MOST) return { fields: [{ path: FILE, expected: `expected at most ${MOST} characters` }] };
  const lines = text.replace(/\r\n?/g, '\n'); // YAML allows three kinds of line break, the library only two
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

/** The path of a key that the schemas would drop silently. Undefined if there is none. */
function namesLost(raw: unknown, path = ''): string | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (Object.hasOwn(raw, '__proto__')) return `${path}__proto__`;
  for (const [key, value] of Object.entries(raw)) {
    const lost = namesLost(value, `${path}${key}.`);
    if (lost) return lost;
  }
  return undefined;
}

/** Aliases are limited, because a few lines of them can expand to gigabytes. */
function plainOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch {
    return 'too many aliases';
  }
}
