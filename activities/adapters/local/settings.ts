import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { BadField } from '../../../workflows/contracts/activities.ts';
import { badFields } from '../../../workflows/contracts/bad-fields.ts';

export const FILE = '.gatehouse.yml';

/** The name that people give it by mistake: it is not read, and said to be there. */
export const NEAR_MISS = '.gatehouse.yaml';

/** More than any settings need, and little enough to be read without thought. */
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

/** What a repository says of itself (contract 13). */
export const RepositorySettings = z.strictObject({
  checks: z.record(Name, Command).default({}),
  environment: z
    .strictObject({
      start: Command,
      ready: z
        .string()
        .regex(/^\/[!-~]*$/, { error: 'a path that begins with /' })
        .optional(),
      expireMinutes: z.number().positive().max(100_000).optional(),
    })
    .optional(),
  agents: z.record(Name, Command).default({}),
  release: z.strictObject({ command: Command }).optional(),
  /** `lfs`: whether checkouts have the contents that git-lfs keeps, or the files that stand for them. */
  git: z.strictObject({ lfs: z.boolean().optional() }).optional(),
});
export type RepositorySettings = z.output<typeof RepositorySettings>;

/** Reads the file's text. What is wrong is named by its place in the file. */
export function parseSettings(text: string): { settings: RepositorySettings } | { fields: BadField[] } {
  if (text.length > MOST) return { fields: [{ path: FILE, expected: `expected at most ${MOST} characters` }] };
  const lines = text.replace(/\r\n?/g, '\n'); // YAML knows all three line breaks, and the library two
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

/** The path of a key that the schemas would drop without a word, if there is one. */
function namesLost(raw: unknown, path = ''): string | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  if (Object.hasOwn(raw, '__proto__')) return `${path}__proto__`;
  for (const [key, value] of Object.entries(raw)) {
    const lost = namesLost(value, `${path}${key}.`);
    if (lost) return lost;
  }
  return undefined;
}

/** Aliases are capped: a few lines of them can stand for gigabytes. */
function plainOf(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 });
  } catch {
    return 'too many aliases';
  }
}
