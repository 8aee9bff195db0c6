import { z } from 'zod';

/** Most commits, branches and folder names stay far below this; Temporal's search attributes end at 255 bytes. */
const REPOSITORY_BYTES = 255;

const bytes = (text: string) => new TextEncoder().encode(text).length;

/**
 * Git's own rules for a branch (git-check-ref-format), no leading hyphen, which a command would read as an option, and no
 * characters that turn a name round so that it reads as another.
 */
export const Branch = z
  .string()
  .min(1)
  .max(200)
  .refine(
    (name) =>
      /^(?!-)[^\x00-\x20\x7f~^:?*[\\]+$/.test(name) &&
      !/\.\.|@\{|\/\/|^\/|\/$|\.$|^@$|^HEAD$/.test(name) &&
      !/[\x80-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/.test(name) &&
      name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock')),
    { error: 'a branch name as git allows it' },
  );

/** Where a change comes from and what it will merge into, as people write it. */
export const ChangeInput = z.strictObject({
  /**
   * An absolute path or a `file://` URL, the address of a repository or a pull request at a forge, or `OWNER/NAME`. At most
   * 255 bytes.
   */
  repository: z
    .string()
    .min(1)
    .refine((name) => bytes(name) <= REPOSITORY_BYTES, { error: `at most ${REPOSITORY_BYTES} bytes` })
    .refine((name) => !name.startsWith('-') && !/[\x00-\x1f\x7f]/.test(name), {
      error: 'a repository, without control characters or a leading hyphen',
    }),
  /** The branch to merge into. Default: the repository's default branch. */
  base: Branch.optional(),
  /** The work branch. Default: `gatehouse/<task id>`. */
  branch: Branch.optional(),
  /** An existing pull request to gate. Default: the run makes one. */
  pullRequest: z.number().int().positive().optional(),
});

/** A change in a message between workflows. A newer build may add fields. */
export const KnownChange = z.looseObject({
  repository: z.string().min(1),
  base: z.string().min(1),
  branch: z.string().min(1),
  basis: z.string().min(1),
  pullRequest: z.number().optional(),
  fork: z.boolean().optional(),
});

/**
 * The change under gate: a branch, its base, and its pull request. `basis` is the commit of the base at which
 * `.gatehouse.yml` was read, once: a change cannot rewrite the commands that judge it.
 */
export const Change = z.strictObject({
  repository: z.string(),
  base: z.string(),
  branch: z.string(),
  basis: z.string(),
  pullRequest: z.number().optional(),
  /** Whether its commits are in a fork, which is read only. Its code runs isolated and without secrets. */
  fork: z.boolean().optional(),
});
export type Change = z.output<typeof Change>;

/** A commit on the work branch that we did not make. */
export const ForeignCommit = z.strictObject({
  commit: z.string(),
  author: z.string(),
  email: z.string(),
  /** Names and e-mails of its other contributors: its committer, and those in `Co-authored-by`. */
  others: z.array(z.string()).optional(),
});
export type ForeignCommit = z.output<typeof ForeignCommit>;

/** Where a run began: the forge's own name for the repository, and the base's commit at that time, which it must contain. */
export type Began = Record<'repository' | 'basis', string>;
